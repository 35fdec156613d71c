package dev.eigenseg.api.internal.kernel;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * 5 rows by 2 vectors, for processors with 16 registers.
 *
 * <p>Twelve sums do not leave the compiler enough registers: it loads three values of A ahead and
 * keeps one sum on the stack in every step, which took 2.1 times as long as ten sums (51 against
 * 109 GFLOP/s on Zen 4; 4 x 2: 106, 4 x 3: 47; on Granite Rapids 61 and 88, 4 x 2: 77, 4 x 3: 65).
 * Two channels a step share their checks and addresses: 88 instead of 77 GFLOP/s there.
 */
final class SimdTile5 extends SimdTile {
  static final int ROWS = 5;

  @Override
  public void multiply(
      float[] a,
      int aOffset,
      MemorySegment bPanels,
      long bOffset,
      int depth,
      MemorySegment c,
      long cOffset,
      long cStride) {
    MemorySegment b = ownMemory(bPanels, bOffset, depth, c);
    FloatVector c0 = FloatVector.zero(FLOATS);
    FloatVector d0 = c0;
    FloatVector c1 = c0;
    FloatVector d1 = c0;
    FloatVector c2 = c0;
    FloatVector d2 = c0;
    FloatVector c3 = c0;
    FloatVector d3 = c0;
    FloatVector c4 = c0;
    FloatVector d4 = c0;
    for (int k = 0; k < depth - 1; k += 2) {
      int run = k & -Gemm.RUN;
      int channel = run + (k & (Gemm.RUN - 1)); // k, but the compiler does not see it
      int row = aOffset + run * (ROWS - 1) + channel;
      long offset = channel * B_STEP;
      FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, b, offset, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, b, offset + VECTOR, ORDER);
      FloatVector a0 = FloatVector.broadcast(FLOATS, a[row]);
      c0 = a0.fma(b0, c0);
      d0 = a0.fma(b1, d0);
      FloatVector a1 = FloatVector.broadcast(FLOATS, a[row + Gemm.RUN]);
      c1 = a1.fma(b0, c1);
      d1 = a1.fma(b1, d1);
      FloatVector a2 = FloatVector.broadcast(FLOATS, a[row + 2 * Gemm.RUN]);
      c2 = a2.fma(b0, c2);
      d2 = a2.fma(b1, d2);
      FloatVector a3 = FloatVector.broadcast(FLOATS, a[row + 3 * Gemm.RUN]);
      c3 = a3.fma(b0, c3);
      d3 = a3.fma(b1, d3);
      FloatVector a4 = FloatVector.broadcast(FLOATS, a[row + 4 * Gemm.RUN]);
      c4 = a4.fma(b0, c4);
      d4 = a4.fma(b1, d4);
      FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, b, offset + B_STEP, ORDER);
      FloatVector b3 = FloatVector.fromMemorySegment(FLOATS, b, offset + B_STEP + VECTOR, ORDER);
      FloatVector e0 = FloatVector.broadcast(FLOATS, a[row + 1]);
      c0 = e0.fma(b2, c0);
      d0 = e0.fma(b3, d0);
      FloatVector e1 = FloatVector.broadcast(FLOATS, a[row + 1 + Gemm.RUN]);
      c1 = e1.fma(b2, c1);
      d1 = e1.fma(b3, d1);
      FloatVector e2 = FloatVector.broadcast(FLOATS, a[row + 1 + 2 * Gemm.RUN]);
      c2 = e2.fma(b2, c2);
      d2 = e2.fma(b3, d2);
      FloatVector e3 = FloatVector.broadcast(FLOATS, a[row + 1 + 3 * Gemm.RUN]);
      c3 = e3.fma(b2, c3);
      d3 = e3.fma(b3, d3);
      FloatVector e4 = FloatVector.broadcast(FLOATS, a[row + 1 + 4 * Gemm.RUN]);
      c4 = e4.fma(b2, c4);
      d4 = e4.fma(b3, d4);
    }
    long step = cStride * Float.BYTES;
    c0.intoMemorySegment(c, cOffset, ORDER);
    d0.intoMemorySegment(c, cOffset + VECTOR, ORDER);
    c1.intoMemorySegment(c, cOffset + step, ORDER);
    d1.intoMemorySegment(c, cOffset + step + VECTOR, ORDER);
    c2.intoMemorySegment(c, cOffset + 2 * step, ORDER);
    d2.intoMemorySegment(c, cOffset + 2 * step + VECTOR, ORDER);
    c3.intoMemorySegment(c, cOffset + 3 * step, ORDER);
    d3.intoMemorySegment(c, cOffset + 3 * step + VECTOR, ORDER);
    c4.intoMemorySegment(c, cOffset + 4 * step, ORDER);
    d4.intoMemorySegment(c, cOffset + 4 * step + VECTOR, ORDER);
    if ((depth & 1) != 0) {
      addLast(a, aOffset, b, depth - 1, c, cOffset, step);
    }
  }

  /** Adds the last channel of an odd depth: the tile takes two at a time. */
  private static void addLast(
      float[] a,
      int aOffset,
      MemorySegment b,
      int channel,
      MemorySegment c,
      long cOffset,
      long step) {
    for (int row = 0; row < ROWS; row++) {
      float factor = a[aOffset + Gemm.indexInPanel(row, channel)];
      SimdMath.INSTANCE.axpy(factor, b, channel * B_STEP, c, cOffset + row * step, 2L * LANES);
    }
  }
}
