package dev.eigenseg.train.vit;

import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.PixelNormalization;
import dev.eigenseg.infer.vit.VitConfig;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;

/** Vision Transformers with random weights, in files under timm's names. */
final class RandomVit {
  private RandomVit() {}

  /** timm's ViT of patches of 16 pixels at 224, with other numbers of channels and blocks. */
  static VitConfig plain(int dim, int depth, int heads) {
    return new VitConfig(
        16,
        dim,
        depth,
        heads,
        4 * dim,
        false,
        14,
        14,
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
  }

  /** Any combination of what a checkpoint may have, of sizes that vectors do not divide. */
  static VitConfig any(Random random) {
    int heads = 1 + random.nextInt(4);
    boolean classToken = random.nextBoolean();
    boolean distilled = classToken && random.nextBoolean();
    int registers = random.nextBoolean() ? random.nextInt(1, 5) : 0;
    int special = (classToken ? 1 : 0) + (distilled ? 1 : 0);
    boolean rotary = random.nextBoolean();
    return new VitConfig(
        new int[] {8, 14, 16}[random.nextInt(3)],
        heads * (rotary ? 4 * random.nextInt(1, 10) : random.nextInt(4, 40)),
        1 + random.nextInt(4),
        heads,
        1 + random.nextInt(200),
        random.nextBoolean(),
        rotary ? 0 : 1 + random.nextInt(6),
        rotary ? 0 : 1 + random.nextInt(6),
        classToken,
        distilled,
        registers,
        rotary ? 0 : new int[] {0, special, special + registers}[random.nextInt(3)],
        random.nextBoolean(),
        random.nextBoolean(),
        random.nextBoolean(),
        random.nextBoolean(),
        random.nextBoolean() ? 1e-6f : 1e-5f,
        pick(random, VitConfig.Activation.values()),
        pick(random, PixelNormalization.VIT, PixelNormalization.IMAGENET, PixelNormalization.CLIP),
        pick(random, VitConfig.High.values()),
        rotary ? VitConfig.Positions.BICUBIC : pick(random, VitConfig.Positions.values()),
        rotary ? Optional.of(new VitConfig.Rotary(50, false)) : Optional.empty());
  }

  @SafeVarargs
  private static <T> T pick(Random random, T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** What tensors do not show, by option names. */
  static Map<String, String> settings(VitConfig config) {
    String own = config.rotary().isPresent() ? "rope-theta" : "grid";
    return Map.of(
        "heads",
        Integer.toString(config.heads()),
        "normalization",
        config.normalization().text(),
        "high",
        text(config.high()),
        "eps",
        Float.toString(config.eps()),
        "positions",
        text(config.positions()),
        "activation",
        text(config.activation()),
        own,
        config
            .rotary()
            .map(rotary -> Float.toString(rotary.theta()))
            .orElse(config.gridRows() + "x" + config.gridColumns()));
  }

  private static String text(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Weights of about unit gain; all parts count, so that none can be left out unnoticed. */
  static Path write(Path file, VitConfig config, DType dtype, Random random) throws IOException {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    try {
      config
          .weightShapes()
          .forEach((name, shape) -> tensors.put(name, random(name, dtype, shape, random)));
      SafeTensorsWriter.write(file, Map.of(), tensors);
      return file;
    } finally {
      tensors.values().forEach(Tensor::close);
    }
  }

  private static Tensor random(String name, DType dtype, long[] shape, Random random) {
    boolean gain = name.contains("norm") && name.endsWith(".weight");
    boolean token = List.of("pos_embed", "cls_token", "dist_token", "reg_token").contains(name);
    long inputs = 1;
    for (int i = 1; i < shape.length; i++) {
      inputs *= shape[i];
    }
    double scale = token || name.endsWith("gamma") ? 0.5 : 1 / Math.sqrt(inputs);
    if (name.startsWith("patch_embed.proj.weight")) {
      scale *= 4; // what is in a picture must outweigh where it is
    }
    Tensor tensor = Tensor.allocate(dtype, shape);
    for (long i = 0; i < tensor.size(); i++) {
      double noise = random.nextGaussian();
      set(tensor, i, (float) (shape.length > 1 || !gain ? noise * scale : 1 + 0.1 * noise));
    }
    return tensor;
  }

  private static void set(Tensor tensor, long index, float value) {
    switch (tensor.dtype()) {
      case F32 -> tensor.set(index, value);
      case F16 ->
          tensor.segment().setAtIndex(ValueLayout.JAVA_SHORT, index, Float.floatToFloat16(value));
      case BF16 ->
          tensor
              .segment()
              .setAtIndex(
                  ValueLayout.JAVA_SHORT, index, (short) (Float.floatToIntBits(value) >>> 16));
      default -> throw new IllegalArgumentException(tensor + " does not hold weights");
    }
  }
}
