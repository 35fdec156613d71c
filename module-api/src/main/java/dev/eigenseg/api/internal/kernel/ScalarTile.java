package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The scalar twin of the packed tile. */
final class ScalarTile implements GemmTile {
  @Override
  public void packRow(MemorySegment row, long rowOffset, int depth, float[] panel, int target) {
    // By runs: single values of a segment take ten times longer until the compiler has seen this.
    for (int channel = 0; channel < depth; channel += Gemm.RUN) {
      long from = rowOffset + (long) channel * Float.BYTES;
      int to = target + Gemm.indexInPanel(0, channel);
      int length = Math.min(Gemm.RUN, depth - channel);
      MemorySegment.copy(row, JAVA_FLOAT_UNALIGNED, from, panel, to, length);
    }
  }

  @Override
  public void multiply(
      float[] a,
      int aOffset,
      MemorySegment b,
      long bOffset,
      int depth,
      MemorySegment c,
      long cOffset,
      long cStride) {
    int height = Gemm.rowPanel();
    int width = Gemm.columnPanel();
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        float sum = 0;
        for (int k = 0; k < depth; k++) {
          float left = a[aOffset + Gemm.indexInPanel(row, k)];
          float right = b.get(JAVA_FLOAT, bOffset + ((long) k * width + column) * Float.BYTES);
          sum = Math.fma(left, right, sum);
        }
        c.set(JAVA_FLOAT_UNALIGNED, cOffset + (row * cStride + column) * Float.BYTES, sum);
      }
    }
  }
}
