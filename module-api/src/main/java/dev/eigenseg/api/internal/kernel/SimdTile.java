package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Set;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The packed tile on the Vector API: as many rows by 2 vectors as there are registers for.
 *
 * <p>At least eight sums hide the latency of the multiply-adds (4 cycles, 2 a cycle); more rows
 * need fewer loads for each. Panels of B in pieces of depth that fit a first-level cache (96 to
 * 768, sums stored and loaded again) were no faster on Zen 4 and on Granite Rapids.
 *
 * <p>What the compiler makes of the loop decides, and is easily spoilt:
 *
 * <ul>
 *   <li>Where general registers run short, it keeps a pointer in a vector register and moves it
 *       back in every step, through the unit that multiplies: each such move for a channel cost 8 %
 *       on Zen 4. They run short where it splits the loop to drop the bounds checks of B. Hence the
 *       place in B is written so that the compiler does not recognise the counter.
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
abstract sealed class SimdTile implements GemmTile permits SimdTile12, SimdTile5 {
  static final VectorSpecies<Float> FLOATS = SimdMath.FLOATS;
  static final ByteOrder ORDER = ByteOrder.nativeOrder();
  static final long VECTOR = FLOATS.vectorByteSize();
  static final int LANES = FLOATS.length();
  static final long B_STEP = 2 * VECTOR;

  /** Rows of the tile for this processor. */
  static final int ROWS = hasManyRegisters() ? SimdTile12.ROWS : SimdTile5.ROWS;

  /** The class of an arena's own memory: neither on the heap nor a mapped file. */
  static final Class<?> NATIVE = classOfOwnMemory();

  static SimdTile forThisProcessor() {
    return hasManyRegisters() ? new SimdTile12() : new SimdTile5();
  }

  /** Whether there are 32 registers: not for the shorter vectors of x86. */
  private static boolean hasManyRegisters() {
    return FLOATS.vectorBitSize() > 256
        || !Set.of("amd64", "x86_64").contains(System.getProperty("os.arch"));
  }

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

  /**
   * The panel of B, after asking that it and C are of the class that the tiles are compiled for.
   */
  static MemorySegment ownMemory(MemorySegment bPanels, long bOffset, int depth, MemorySegment c) {
    MemorySegment b = bPanels.asSlice(bOffset, depth * B_STEP, 1);
    if (b.getClass() != NATIVE || c.getClass() != NATIVE) {
      throw new IllegalArgumentException(
          "expected an arena's own memory, found B in %s and C in %s".formatted(b, c));
    }
    return b;
  }
}
