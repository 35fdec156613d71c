package dev.eigenseg.infer.layer;

import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/** A linear layer whose weights were packed once; its memory is the allocator's. Immutable. */
public final class Linear {
  private final MemorySegment panels;
  private final MemorySegment bias; // empty for none
  private final int in;
  private final int out;

  /** A layer without a bias; {@code weight}, float32 {@code [out, in]}, is copied. */
  public Linear(Tensor weight, SegmentAllocator allocator) {
    this(weight, MemorySegment.NULL, allocator);
  }

  /**
   * A layer; {@code weight}, float32 {@code [out, in]}, and {@code bias}, {@code [out]}, are
   * copied.
   */
  public Linear(Tensor weight, Tensor bias, SegmentAllocator allocator) {
    this(weight, Scratch.copy(bias, allocator), allocator);
  }

  private Linear(Tensor weight, MemorySegment bias, SegmentAllocator allocator) {
    out = Math.toIntExact(weight.size(0));
    in = Math.toIntExact(weight.size(1));
    panels = allocator.allocate(Gemm.packedColumnBytes(out, in), Scratch.ALIGNMENT);
    Gemm.packColumns(weight.segment(), 0, out, in, panels);
    SafeTensors.release(weight.segment());
    this.bias = bias;
  }

  /** Channels that go in. */
  public int in() {
    return in;
  }

  /** Channels that come out. */
  public int out() {
    return out;
  }

  /**
   * {@code target = source W^T + bias}, row by row; both are dense, begin at an offset in bytes and
   * do not overlap. Any number of rows; they are packed in an array of the calling thread's.
   */
  public void apply(
      VectorMath math,
      MemorySegment source,
      long sourceOffset,
      int rows,
      MemorySegment target,
      long targetOffset) {
    Gemm.multiplyRows(source, sourceOffset, rows, panels, out, in, target, targetOffset, out);
    if (bias.byteSize() > 0) {
      for (int row = 0; row < rows; row++) {
        math.axpy(1, bias, 0, target, targetOffset + (long) row * out * Float.BYTES, out);
      }
    }
  }
}
