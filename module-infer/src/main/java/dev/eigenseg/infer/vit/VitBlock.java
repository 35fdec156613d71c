package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.layer.LayerNorm;
import dev.eigenseg.infer.layer.Linear;
import dev.eigenseg.infer.vit.VitConfig.Activation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Optional;

/**
 * One block of a Vision Transformer without its attention: {@code qkv(norm1(x))}, {@code x +=
 * proj(attended)} and {@code x += fc2(gelu(fc1(norm2(x))))}, or with a gate {@code x +=
 * fc2(silu(gate(norm2(x))) * fc1(norm2(x)))}. Layer scale and the scale of the queries are part of
 * the packed weights. Its memory is the allocator's. Immutable.
 */
final class VitBlock {
  private static final float QUICK_GELU = 1.702f;

  private final LayerNorm norm1;
  private final Linear qkv;
  private final Linear proj;
  private final LayerNorm norm2;
  private final Optional<Linear> gate;
  private final Linear fc1;
  private final Linear fc2;
  private final Activation activation;

  VitBlock(VitConfig config, String prefix, VitCheckpoint checkpoint, SegmentAllocator memory) {
    try (Arena reading = Arena.ofShared()) {
      WeightReader reader = new WeightReader(checkpoint, reading);
      activation = config.activation();
      norm1 = norm(reader, prefix + "norm1", config.eps(), memory);
      norm2 = norm(reader, prefix + "norm2", config.eps(), memory);
      qkv = qkv(reader, prefix + "attn.qkv", config, memory);
      proj = scaled(reader, prefix + "attn.proj", prefix + "ls1.gamma", memory);
      Tensor weight = reader.borrowed(prefix + "mlp.fc1.weight");
      Tensor bias = reader.read(prefix + "mlp.fc1.bias");
      int mlp = config.mlp();
      gate =
          config.gated()
              ? Optional.of(new Linear(weight.slice(0, mlp), bias.slice(0, mlp), memory))
              : Optional.empty();
      int first = config.gated() ? mlp : 0;
      fc1 = new Linear(weight.slice(first, mlp), bias.slice(first, mlp), memory);
      fc2 = scaled(reader, prefix + "mlp.fc2", prefix + "ls2.gamma", memory);
    }
  }

  static LayerNorm norm(WeightReader reader, String name, float eps, SegmentAllocator memory) {
    return new LayerNorm(reader.read(name + ".weight"), reader.read(name + ".bias"), eps, memory);
  }

  private static Linear qkv(
      WeightReader reader, String name, VitConfig config, SegmentAllocator memory) {
    Tensor weight = reader.matrix(name + ".weight");
    float scale = (float) (1 / Math.sqrt(config.headDim()));
    WeightScaling.scale(scale, weight.segment(), 0, (long) config.dim() * config.dim());
    if (!config.qkvBias()) {
      return new Linear(weight, memory);
    }
    Tensor bias = reader.read(name + ".bias");
    WeightScaling.scale(scale, bias.segment(), 0, config.dim());
    return new Linear(weight, bias, memory);
  }

  private static Linear scaled(
      WeightReader reader, String name, String gamma, SegmentAllocator memory) {
    Tensor bias = reader.read(name + ".bias");
    if (reader.has(gamma)) {
      Tensor weight = reader.matrix(name + ".weight");
      Tensor factors = reader.read(gamma);
      long in = weight.size(1);
      for (long row = 0; row < weight.size(0); row++) {
        WeightScaling.scale(factors.get(row), weight.segment(), row * in * Float.BYTES, in);
        bias.set(row, bias.get(row) * factors.get(row));
      }
      return new Linear(weight, bias, memory);
    }
    return new Linear(reader.borrowed(name + ".weight"), bias, memory);
  }

  /** Queries (scaled), keys and values of some tokens: {@code [rows, 3 * dim]}. */
  void queriesKeysValues(
      VectorMath math, MemorySegment tokens, long offset, int rows, TileScratch scratch) {
    norm1.apply(math, tokens, offset, rows, scratch.normed);
    qkv.apply(math, scratch.normed, 0, rows, scratch.wide, 0);
  }

  /** Adds what was attended to, then the perceptron. */
  void finish(VectorMath math, MemorySegment tokens, long offset, int rows, TileScratch scratch) {
    long dim = proj.out();
    proj.apply(math, scratch.attended, 0, rows, scratch.normed, 0);
    math.axpy(1, scratch.normed, 0, tokens, offset, rows * dim);
    norm2.apply(math, tokens, offset, rows, scratch.normed);
    fc1.apply(math, scratch.normed, 0, rows, scratch.wide, 0);
    long hidden = (long) rows * fc1.out();
    if (gate.isPresent()) {
      gate.get().apply(math, scratch.normed, 0, rows, scratch.gate, 0);
      activate(math, scratch.gate, hidden);
      math.multiply(scratch.gate, 0, scratch.wide, 0, hidden);
    } else {
      activate(math, scratch.wide, hidden);
    }
    fc2.apply(math, scratch.wide, 0, rows, scratch.normed, 0);
    math.axpy(1, scratch.normed, 0, tokens, offset, rows * dim);
  }

  private void activate(VectorMath math, MemorySegment hidden, long count) {
    switch (activation) {
      case GELU -> math.gelu(hidden, 0, count);
      case QUICK_GELU -> math.swish(hidden, 0, count, QUICK_GELU);
      case GELU_TANH -> math.geluTanh(hidden, 0, count);
      case SILU -> math.swish(hidden, 0, count, 1);
    }
  }
}
