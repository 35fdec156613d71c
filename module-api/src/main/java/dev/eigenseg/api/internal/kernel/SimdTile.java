package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Set;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The packed tile on the Vector API: 6 rows by 2 vectors, 5 by 2 where there are only 16 registers.
 *
 * <p>At least eight sums hide the latency of the multiply-adds (4 cycles, 2 a cycle). On AVX2
 * twelve sums do not leave the compiler enough registers: it loads three values of A ahead and
 * keeps one sum on the stack in every step, which took 2.1 times as long as ten sums (51 against
 * 109 GFLOP/s on Zen 4; 4 x 2: 106, 4 x 3: 47). On 512-bit vectors 8 x 2, 12 x 2 and 8 x 3 were
 * within 1 % of 6 x 2 on Zen 4 and 3 % on Zen 5, 14 x 2 was 5 % slower, and the compiler needs 0.1
 * to 0.2 s for 6 x 2, 0.4 to 0.5 s for 8 x 2, 0.8 to 0.9 s for 12 x 2, which the first image waits
 * for. Panels of B in pieces of depth that fit a first-level cache (128 to 768, sums stored and
 * loaded again) were no faster on Zen 4, and the tile took twice as long to compile.
 *
 * <p>What the compiler makes of the loop decides, and is easily spoilt:
 *
 * <ul>
 *   <li>Where general registers run short, it keeps a pointer in a vector register and moves it
 *       back in every step, through the unit that multiplies: each such move for a channel cost 8 %
 *       on Zen 4. They run short where it splits the loop to drop the bounds checks of B. Hence the
 *       place in B is written so that the compiler does not recognise the counter, and two channels
 *       share their checks and addresses.
 *   <li>The slice is taken as {@link SimdMath} says. B and C are of the one class that an arena's
 *       own memory has, and asking for it once spares the question at every access, which the
 *       compiler otherwise answers from all that the process has met: the stores of C alone were
 *       three quarters of the code, and of the time to compile it.
 *   <li>The values of A come from an array, whose checks are cheap: over a segment each of them may
 *       be checked in every step, depending on what was compiled before.
 *   <li>No method of ours is called while sums are in registers: the Vector API's own fill the
 *       compiler's budget for inlining (8,000 bytecodes), one more is then called for real, and its
 *       vectors live on the heap in every step of the loop, which was 3 times slower in about half
 *       of all runs.
 * </ul>
 */
final class SimdTile implements GemmTile {
  /** Whether there are 32 registers: not for the shorter vectors of x86. */
  private static final boolean SIX =
      SimdMath.FLOATS.vectorBitSize() > 256
          || !Set.of("amd64", "x86_64").contains(System.getProperty("os.arch"));

  static final int ROWS = SIX ? 6 : 5;

  private static final VectorSpecies<Float> FLOATS = SimdMath.FLOATS;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final long VECTOR = FLOATS.vectorByteSize();
  private static final int LANES = FLOATS.length();
  private static final long B_STEP = 2 * VECTOR;

  /** The class of an arena's own memory: neither on the heap nor a mapped file. */
  static final Class<?> NATIVE = classOfOwnMemory();

  private static Class<?> classOfOwnMemory() {
    try (Arena arena = Arena.ofShared()) {
      return arena.allocate(1).getClass();
    }
  }

  @Override
  public void packRow(MemorySegment row, long rowOffset, int depth, float[] panel, int target) {
    MemorySegment source = row.asSlice(rowOffset, (long) depth * Float.BYTES, 1);
    int channel = 0;
    for (; channel <= depth - Gemm.RUN; channel += Gemm.RUN) {
      for (int i = 0; i < Gemm.RUN; i += LANES) {
        long from = (channel + i) * (long) Float.BYTES;
        FloatVector.fromMemorySegment(FLOATS, source, from, ORDER)
            .intoArray(panel, target + channel * ROWS + i);
      }
    }
    for (int i = channel; i < depth; i++) {
      panel[target + channel * (ROWS - 1) + i] = source.getAtIndex(JAVA_FLOAT_UNALIGNED, i);
    }
  }

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
    MemorySegment b = bPanels.asSlice(bOffset, depth * B_STEP, 1);
    if (b.getClass() != NATIVE || c.getClass() != NATIVE) {
      throw new IllegalArgumentException(
          "expected an arena's own memory, found B in %s and C in %s".formatted(b, c));
    }
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
    for (int k = 0; k < depth - 1; k += 2) {
      int run = k & -Gemm.RUN;
      int channel = run + (k & (Gemm.RUN - 1)); // k, but the compiler does not see it
      int row = aOffset + run * (ROWS - 1) + channel;
      long offset = channel * B_STEP;
      FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, b, offset, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, b, offset + VECTOR, ORDER);
      FloatVector a0 = FloatVector.broadcast(FLOATS, a[row]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(FLOATS, a[row + Gemm.RUN]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(FLOATS, a[row + 2 * Gemm.RUN]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(FLOATS, a[row + 3 * Gemm.RUN]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      FloatVector a4 = FloatVector.broadcast(FLOATS, a[row + 4 * Gemm.RUN]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      if (SIX) {
        FloatVector a5 = FloatVector.broadcast(FLOATS, a[row + 5 * Gemm.RUN]);
        c50 = a5.fma(b0, c50);
        c51 = a5.fma(b1, c51);
      }
      FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, b, offset + B_STEP, ORDER);
      FloatVector b3 = FloatVector.fromMemorySegment(FLOATS, b, offset + B_STEP + VECTOR, ORDER);
      FloatVector d0 = FloatVector.broadcast(FLOATS, a[row + 1]);
      c00 = d0.fma(b2, c00);
      c01 = d0.fma(b3, c01);
      FloatVector d1 = FloatVector.broadcast(FLOATS, a[row + 1 + Gemm.RUN]);
      c10 = d1.fma(b2, c10);
      c11 = d1.fma(b3, c11);
      FloatVector d2 = FloatVector.broadcast(FLOATS, a[row + 1 + 2 * Gemm.RUN]);
      c20 = d2.fma(b2, c20);
      c21 = d2.fma(b3, c21);
      FloatVector d3 = FloatVector.broadcast(FLOATS, a[row + 1 + 3 * Gemm.RUN]);
      c30 = d3.fma(b2, c30);
      c31 = d3.fma(b3, c31);
      FloatVector d4 = FloatVector.broadcast(FLOATS, a[row + 1 + 4 * Gemm.RUN]);
      c40 = d4.fma(b2, c40);
      c41 = d4.fma(b3, c41);
      if (SIX) {
        FloatVector d5 = FloatVector.broadcast(FLOATS, a[row + 1 + 5 * Gemm.RUN]);
        c50 = d5.fma(b2, c50);
        c51 = d5.fma(b3, c51);
      }
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
    if (SIX) {
      c50.intoMemorySegment(c, cOffset + 5 * step, ORDER);
      c51.intoMemorySegment(c, cOffset + 5 * step + VECTOR, ORDER);
    }
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
