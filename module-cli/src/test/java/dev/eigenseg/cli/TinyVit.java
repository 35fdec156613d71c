package dev.eigenseg.cli;

import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.PixelNormalization;
import dev.eigenseg.infer.vit.VitConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;

/** A Vision Transformer of 64 channels with random weights. */
public final class TinyVit {
  private TinyVit() {}

  /** Writes its file. */
  public static void write(Path file) throws IOException {
    VitConfig config =
        new VitConfig(
            16,
            64,
            2,
            1,
            96,
            false,
            4,
            4,
            true,
            false,
            0,
            1,
            false,
            false,
            true,
            true,
            1e-6f,
            VitConfig.Activation.GELU,
            PixelNormalization.VIT,
            VitConfig.High.TOKENS,
            VitConfig.Positions.BICUBIC,
            Optional.empty());
    SequencedMap<String, long[]> shapes = config.weightShapes();
    shapes.put("head.weight", new long[] {10, 64});
    Random random = new Random(11);
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    shapes.forEach((name, shape) -> tensors.put(name, random(random, name, shape)));
    SafeTensorsWriter.write(file, Map.of(), tensors);
    tensors.values().forEach(Tensor::close);
  }

  private static Tensor random(Random random, String name, long[] shape) {
    double mean = name.contains("norm") && name.endsWith("weight") ? 1 : 0;
    Tensor tensor = Tensor.allocate(DType.F32, shape);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.set(i, (float) (mean + 0.1 * random.nextGaussian()));
    }
    return tensor;
  }
}
