package dev.eigenseg.infer.vit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.kernel.WarmUp;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.layer.LayerNorm;
import dev.eigenseg.infer.layer.Linear;
import dev.eigenseg.infer.layer.WeightMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Owns the packed weights of a Vision Transformer and computes its features. Thread-safe. */
final class VitNetwork implements AutoCloseable {
  private final VitConfig config;
  private final WeightMemory memory = new WeightMemory();
  private final Linear patches;
  private final Tensor prefix;
  private final Optional<LayerNorm> normPre;
  private final VitBlock[] blocks;
  private final LayerNorm norm;
  private final PositionCache positions;

  @SuppressWarnings("MustBeClosedChecker")
  VitNetwork(VitCheckpoint checkpoint) {
    config = checkpoint.config();
    try {
      blocks = new VitBlock[config.depth()];
      // The compiler works on the kernels while the weights are packed.
      WarmUp.start();
      Parallel.forEach(
          Math.min(Runtime.getRuntime().availableProcessors(), 8),
          blocks.length,
          i -> blocks[(int) i] = new VitBlock(config, "blocks." + i + ".", checkpoint, memory));
      try (Arena reading = Arena.ofShared()) {
        WeightReader reader = new WeightReader(checkpoint, reading);
        patches = patchEmbedding(reader);
        normPre =
            config.normPre()
                ? Optional.of(VitBlock.norm(reader, "norm_pre", config.eps(), memory))
                : Optional.empty();
        norm = VitBlock.norm(reader, "norm", config.eps(), memory);
        prefix = prefix(reader);
      }
      positions = new PositionCache(new VitPositions(checkpoint));
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  // w ((x - mean) / deviation) + b = (w / deviation) x + (b - w mean / deviation): pixels go into
  // the product as they are.
  private Linear patchEmbedding(WeightReader reader) {
    Tensor weight = reader.matrix("patch_embed.proj.weight");
    float[] bias =
        config.patchBias()
            ? reader.read("patch_embed.proj.bias").toFloats()
            : new float[config.dim()];
    // Through an array, for the reasons that WeightScaling has.
    float[] filter = new float[3 * config.patchSize() * config.patchSize()];
    for (int row = 0; row < config.dim(); row++) {
      long at = (long) row * filter.length * Float.BYTES;
      MemorySegment.copy(weight.segment(), JAVA_FLOAT, at, filter, 0, filter.length);
      double shift = divide(filter, config.normalization());
      MemorySegment.copy(filter, 0, weight.segment(), JAVA_FLOAT, at, filter.length);
      bias[row] = (float) (bias[row] - shift);
    }
    try (Tensor shifted = Tensor.of(bias, bias.length)) {
      return new Linear(weight, shifted, memory);
    }
  }

  /** Divides a filter by the deviations, and returns what it then makes of the means. */
  private static double divide(float[] filter, PixelNormalization normalization) {
    int area = filter.length / 3;
    double shift = 0;
    for (int channel = 0; channel < 3; channel++) {
      float mean = normalization.mean().get(channel);
      float deviation = normalization.deviation().get(channel);
      for (int i = channel * area; i < (channel + 1) * area; i++) {
        float scaled = filter[i] / deviation;
        shift += (double) scaled * mean;
        filter[i] = scaled;
      }
    }
    return shift;
  }

  /** The class, distillation and register tokens, in this order. */
  private Tensor prefix(WeightReader reader) {
    List<MemorySegment> tokens = new ArrayList<>();
    for (String name : List.of("cls_token", "dist_token", "reg_token")) {
      if (reader.has(name)) {
        tokens.add(reader.read(name).segment());
      }
    }
    long rowBytes = (long) config.dim() * Float.BYTES;
    MemorySegment all = memory.allocate(Math.max(1, config.prefixTokens() * rowBytes), 64);
    long offset = 0;
    for (MemorySegment token : tokens) {
      MemorySegment.copy(token, 0, all, offset, token.byteSize());
      offset += token.byteSize();
    }
    return Tensor.borrow(all, DType.F32, config.prefixTokens(), config.dim());
  }

  PatchFeatures extract(Tensor pixels, int threads) {
    WarmUp.await();
    return new VitPass(this, pixels, threads).run();
  }

  VitConfig config() {
    return config;
  }

  VectorMath math() {
    return VectorMath.best();
  }

  Linear patches() {
    return patches;
  }

  Tensor prefix() {
    return prefix;
  }

  Optional<LayerNorm> normPre() {
    return normPre;
  }

  VitBlock block(int index) {
    return blocks[index];
  }

  LayerNorm norm() {
    return norm;
  }

  float[] positions(int rows, int columns) {
    return positions.on(rows, columns);
  }

  @Override
  public void close() {
    memory.close();
  }
}
