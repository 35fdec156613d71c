package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The scalar twin of the packed tile. */
final class ScalarTile implements GemmTile {
  @Override
  public void packRow(MemorySegment row, long rowOffset, int depth, float[] panel, int target) {
    for (int channel = 0; channel < depth; channel++) {
      panel[target + Gemm.indexInPanel(0, channel)] =
          row.get(JAVA_FLOAT_UNALIGNED, rowOffset + (long) channel * Float.BYTES);
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
