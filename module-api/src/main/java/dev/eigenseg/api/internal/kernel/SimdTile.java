package dev.eigenseg.api.internal.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The packed tile on the Vector API: 6 rows by 2 vectors.
 *
 * <p>Twelve sums hide the latency of the multiply-adds (4 cycles, 2 a cycle) and with three
 * operands still fit the 16 registers of AVX2. On 512-bit vectors (Zen 5) 8 x 2 and 12 x 2 were
 * within 3 % of 6 x 2, about 90 % of the machine's peak, and the compiler took up to four times
 * longer for 12 x 2 or gave up. A slice and an {@code int} counter are what lets the compiler drop
 * the bounds checks of B; the six values of A come from an array, whose checks it always drops:
 * over a segment each of them may be checked in every step, depending on what was compiled before.
 * No method of ours is called in here: the Vector API's own fill the compiler's budget for inlining
 * (8,000 bytecodes), one more is then called for real, and its vectors live on the heap in every
 * step of the loop, which was 3 times slower in about half of all runs.
 */
final class SimdTile implements GemmTile {
  static final int ROWS = 6;

  private static final VectorSpecies<Float> FLOATS = SimdMath.FLOATS;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final long VECTOR = FLOATS.vectorByteSize();
  private static final long B_STEP = 2 * VECTOR;

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
    MemorySegment b = bPanels.asSlice(bOffset, depth * B_STEP);
    FloatVector c00 = FloatVector.zero(FLOATS);
    FloatVector c01 = c00;
    FloatVector c10 = c00;
    FloatVector c11 = c00;
    FloatVector c20 = c00;
    FloatVector c21 = c00;
    FloatVector c30 = c00;
    FloatVector c31 = c00;
    FloatVector c40 = c00;
    FloatVector c41 = c00;
    FloatVector c50 = c00;
    FloatVector c51 = c00;
    for (int k = 0; k < depth; k++) {
      int row = aOffset + k * ROWS;
      FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, b, k * B_STEP, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, b, k * B_STEP + VECTOR, ORDER);
      FloatVector a0 = FloatVector.broadcast(FLOATS, a[row]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(FLOATS, a[row + 1]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(FLOATS, a[row + 2]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(FLOATS, a[row + 3]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      FloatVector a4 = FloatVector.broadcast(FLOATS, a[row + 4]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      FloatVector a5 = FloatVector.broadcast(FLOATS, a[row + 5]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
    }
    long step = cStride * Float.BYTES;
    c00.intoMemorySegment(c, cOffset, ORDER);
    c01.intoMemorySegment(c, cOffset + VECTOR, ORDER);
    c10.intoMemorySegment(c, cOffset + step, ORDER);
    c11.intoMemorySegment(c, cOffset + step + VECTOR, ORDER);
    c20.intoMemorySegment(c, cOffset + 2 * step, ORDER);
    c21.intoMemorySegment(c, cOffset + 2 * step + VECTOR, ORDER);
    c30.intoMemorySegment(c, cOffset + 3 * step, ORDER);
    c31.intoMemorySegment(c, cOffset + 3 * step + VECTOR, ORDER);
    c40.intoMemorySegment(c, cOffset + 4 * step, ORDER);
    c41.intoMemorySegment(c, cOffset + 4 * step + VECTOR, ORDER);
    c50.intoMemorySegment(c, cOffset + 5 * step, ORDER);
    c51.intoMemorySegment(c, cOffset + 5 * step + VECTOR, ORDER);
  }
}
