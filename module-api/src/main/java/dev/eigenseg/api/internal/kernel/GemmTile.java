package dev.eigenseg.api.internal.kernel;

import java.lang.foreign.MemorySegment;

/** Multiplies one row panel by one column panel. */
interface GemmTile {
  /**
   * Writes a whole tile, {@link Gemm#rowPanel()} x {@link Gemm#columnPanel()}.
   *
   * @param a a packed row panel, {@code [depth][rowPanel]}, from {@code aOffset} floats on
   * @param b a packed column panel, {@code [depth][columnPanel]}
   * @param c where the tile goes, row-major
   * @param cStride floats from one row of c to the next
   */
  void multiply(
      float[] a,
      int aOffset,
      MemorySegment b,
      long bOffset,
      int depth,
      MemorySegment c,
      long cOffset,
      long cStride);
}
