package dev.eigenseg.infer;

import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A layer norm with eps 1e-5; its memory belongs to the arena that it was made in. Immutable. */
final class LayerNorm {
  private static final float EPS = 1e-5f;

  private final MemorySegment gamma;
  private final MemorySegment beta;
  private final int dim;

  LayerNorm(Tensor weight, Tensor bias, Arena arena) {
    dim = Math.toIntExact(weight.size(0));
    gamma = Scratch.copy(weight, arena);
    beta = Scratch.copy(bias, arena);
  }

  /** Normalises rows of {@code source} into the dense {@code target}, which starts at 0. */
  void apply(
      VectorMath math, MemorySegment source, long sourceOffset, int rows, MemorySegment target) {
    long rowBytes = (long) dim * Float.BYTES;
    for (int row = 0; row < rows; row++) {
      long offset = row * rowBytes;
      math.layerNorm(source, sourceOffset + offset, gamma, beta, target, offset, dim, EPS);
    }
  }
}
