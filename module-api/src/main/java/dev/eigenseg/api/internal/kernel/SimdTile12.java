package dev.eigenseg.api.internal.kernel;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * 12 rows by 2 vectors, for processors with 32 registers.
 *
 * <p>24 sums, 2 vectors of B and one value of A at a time. A channel of 6 x 2 needs 8 loads for 12
 * multiply-adds, here it is 14 for 24, and B passes half as often: on Intel's Granite Rapids
 * products of packed rows make 154 instead of 133 GFLOP/s a thread (6 x 4: 156; 9 x 3: 151; 8 x 3:
 * 137; 14 x 2: 129), of 222 that its multiply-adds reach on registers alone, and 172 where each
 * loads a value. On Zen 4, which does half as many multiply-adds in a cycle, 8 x 2, 12 x 2 and 8 x
 * 3 were within 1 % of 6 x 2, on Zen 5 within 3 %; 14 x 2 was 5 % slower. Two channels a step are
 * no faster, and are twice the code.
 */
final class SimdTile12 extends SimdTile {
  static final int ROWS = 12;

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
    FloatVector c5 = c0;
    FloatVector d5 = c0;
    FloatVector c6 = c0;
    FloatVector d6 = c0;
    FloatVector c7 = c0;
    FloatVector d7 = c0;
    FloatVector c8 = c0;
    FloatVector d8 = c0;
    FloatVector c9 = c0;
    FloatVector d9 = c0;
    FloatVector c10 = c0;
    FloatVector d10 = c0;
    FloatVector c11 = c0;
    FloatVector d11 = c0;
    for (int k = 0; k < depth; k++) {
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
      FloatVector a5 = FloatVector.broadcast(FLOATS, a[row + 5 * Gemm.RUN]);
      c5 = a5.fma(b0, c5);
      d5 = a5.fma(b1, d5);
      FloatVector a6 = FloatVector.broadcast(FLOATS, a[row + 6 * Gemm.RUN]);
      c6 = a6.fma(b0, c6);
      d6 = a6.fma(b1, d6);
      FloatVector a7 = FloatVector.broadcast(FLOATS, a[row + 7 * Gemm.RUN]);
      c7 = a7.fma(b0, c7);
      d7 = a7.fma(b1, d7);
      FloatVector a8 = FloatVector.broadcast(FLOATS, a[row + 8 * Gemm.RUN]);
      c8 = a8.fma(b0, c8);
      d8 = a8.fma(b1, d8);
      FloatVector a9 = FloatVector.broadcast(FLOATS, a[row + 9 * Gemm.RUN]);
      c9 = a9.fma(b0, c9);
      d9 = a9.fma(b1, d9);
      FloatVector a10 = FloatVector.broadcast(FLOATS, a[row + 10 * Gemm.RUN]);
      c10 = a10.fma(b0, c10);
      d10 = a10.fma(b1, d10);
      FloatVector a11 = FloatVector.broadcast(FLOATS, a[row + 11 * Gemm.RUN]);
      c11 = a11.fma(b0, c11);
      d11 = a11.fma(b1, d11);
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
    c5.intoMemorySegment(c, cOffset + 5 * step, ORDER);
    d5.intoMemorySegment(c, cOffset + 5 * step + VECTOR, ORDER);
    c6.intoMemorySegment(c, cOffset + 6 * step, ORDER);
    d6.intoMemorySegment(c, cOffset + 6 * step + VECTOR, ORDER);
    c7.intoMemorySegment(c, cOffset + 7 * step, ORDER);
    d7.intoMemorySegment(c, cOffset + 7 * step + VECTOR, ORDER);
    c8.intoMemorySegment(c, cOffset + 8 * step, ORDER);
    d8.intoMemorySegment(c, cOffset + 8 * step + VECTOR, ORDER);
    c9.intoMemorySegment(c, cOffset + 9 * step, ORDER);
    d9.intoMemorySegment(c, cOffset + 9 * step + VECTOR, ORDER);
    c10.intoMemorySegment(c, cOffset + 10 * step, ORDER);
    d10.intoMemorySegment(c, cOffset + 10 * step + VECTOR, ORDER);
    c11.intoMemorySegment(c, cOffset + 11 * step, ORDER);
    d11.intoMemorySegment(c, cOffset + 11 * step + VECTOR, ORDER);
  }
}
