package dev.eigenseg.infer.layer;

import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/** A layer norm; its memory is the allocator's. Immutable. */
public final class LayerNorm {
  private final MemorySegment gamma;
  private final MemorySegment beta;
  private final int dim;
  private final float eps;

  /** A layer whose weights, float32 {@code [dim]}, are copied. */
  public LayerNorm(Tensor weight, Tensor bias, float eps, SegmentAllocator allocator) {
    dim = Math.toIntExact(weight.size(0));
    gamma = Scratch.copy(weight, allocator);
    beta = Scratch.copy(bias, allocator);
    this.eps = eps;
  }

  /** Normalises rows of {@code source} into the dense {@code target}, which starts at 0. */
  public void apply(
      VectorMath math, MemorySegment source, long sourceOffset, int rows, MemorySegment target) {
    long rowBytes = (long) dim * Float.BYTES;
    for (int row = 0; row < rows; row++) {
      long offset = row * rowBytes;
      math.layerNorm(source, sourceOffset + offset, gamma, beta, target, offset, dim, eps);
    }
  }
}
