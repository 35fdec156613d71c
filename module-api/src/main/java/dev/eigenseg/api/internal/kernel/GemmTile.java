package dev.eigenseg.api.internal.kernel;

import java.lang.foreign.MemorySegment;

/** Multiplies one row panel by one column panel. */
interface GemmTile {
  /**
   * Puts the values of a row into its panel, runs of {@link Gemm#RUN}, one from each row in turn.
   *
   * @param target where the row's first run begins, in floats
   */
  void packRow(MemorySegment row, long rowOffset, int depth, float[] panel, int target);

  /**
   * Writes a whole tile, {@link Gemm#rowPanel()} x {@link Gemm#columnPanel()}.
   *
   * @param a a packed row panel, {@code [depth / RUN][rowPanel][RUN]}, from {@code aOffset} floats
   *     on
   * @param b a packed column panel, {@code [depth][columnPanel]}, in an arena's own memory
   * @param c where the tile goes, row-major, in an arena's own memory
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
