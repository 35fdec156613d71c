package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;

/** Checkpoints with random weights. */
final class VitFixtures {
  private VitFixtures() {}

  /** A plain network of two heads with a class token, on a grid of 3 x 3. */
  static VitConfig plain(int patch, int dim, int depth) {
    return config(patch, dim, depth, 0, false, false, VitConfig.Activation.GELU);
  }

  static VitConfig config(
      int patch,
      int dim,
      int depth,
      int registers,
      boolean layerScale,
      boolean normPre,
      VitConfig.Activation activation) {
    return new VitConfig(
        patch,
        dim,
        depth,
        2,
        2 * dim,
        false,
        3,
        3,
        true,
        false,
        registers,
        registers == 0 ? 1 : 0,
        layerScale,
        normPre,
        !normPre,
        true,
        1e-5f,
        activation,
        PixelNormalization.CLIP,
        VitConfig.High.TOKENS,
        VitConfig.Positions.BICUBIC,
        Optional.empty());
  }

  /** A small DINOv3 of two heads. */
  static VitConfig rotary(int patch, int dim, int depth, boolean gated) {
    return new VitConfig(
        patch,
        dim,
        depth,
        2,
        2 * dim,
        gated,
        0,
        0,
        true,
        false,
        4,
        0,
        true,
        false,
        true,
        true,
        1e-5f,
        VitConfig.Activation.SILU,
        PixelNormalization.IMAGENET,
        VitConfig.High.TOKENS,
        VitConfig.Positions.BICUBIC,
        Optional.of(new VitConfig.Rotary(70, false)));
  }

  static SequencedMap<String, Tensor> weights(Random random, VitConfig config) {
    SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
    config
        .weightShapes()
        .forEach((name, shape) -> {
          boolean factor = name.contains("norm") && name.endsWith(".weight");
          double scale = shape.length == 2 ? 1 / Math.sqrt(shape[1]) : 0.2;
          Tensor weight = Fixtures.gaussian(random, scale, shape);
          for (long i = 0; factor && i < weight.size(); i++) {
            weight.set(i, 1 + weight.get(i));
          }
          weights.put(name, weight);
        });
    return weights;
  }

  static Path write(Path file, Random random, VitConfig config) throws IOException {
    SequencedMap<String, Tensor> weights = weights(random, config);
    try {
      SafeTensorsWriter.write(file, Map.of(), weights);
    } finally {
      Fixtures.close(weights);
    }
    return file;
  }
}
