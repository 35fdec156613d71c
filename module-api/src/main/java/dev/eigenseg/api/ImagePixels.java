package dev.eigenseg.api;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The numbers behind an image: colour planes, resized and padded, and their reduction to the patch
 * grid.
 */
final class ImagePixels {
  private ImagePixels() {}

  /**
   * Colour planes of an image, resized to the content's size by half-pixel bilinear interpolation
   * without antialiasing, black on the right and below up to the padded size.
   *
   * @return float32, {@code [3, paddedHeight, paddedWidth]}, RGB in [0, 1]; the caller owns it
   */
  static Tensor planes(
      BufferedImage image, int contentWidth, int contentHeight, int paddedWidth, int paddedHeight) {
    int width = image.getWidth();
    int height = image.getHeight();
    Taps across = Taps.of(width, contentWidth);
    Taps down = Taps.of(height, contentHeight);
    Tensor planes = Tensor.allocate(DType.F32, 3, paddedHeight, paddedWidth);
    MemorySegment target = planes.segment();
    // Two rows at a time: a copy of a whole photograph would be as large as the photograph.
    int[] above = new int[width];
    int[] below = new int[width];
    for (int y = 0; y < contentHeight; y++) {
      image.getRGB(0, down.first[y], width, 1, above, 0, width);
      image.getRGB(0, down.second[y], width, 1, below, 0, width);
      for (int channel = 0; channel < 3; channel++) {
        int shift = 16 - 8 * channel;
        long row = ((long) channel * paddedHeight + y) * paddedWidth;
        for (int x = 0; x < contentWidth; x++) {
          float top =
              across.mix(
                  x,
                  (above[across.first[x]] >> shift) & 255,
                  (above[across.second[x]] >> shift) & 255);
          float bottom =
              across.mix(
                  x,
                  (below[across.first[x]] >> shift) & 255,
                  (below[across.second[x]] >> shift) & 255);
          target.setAtIndex(ValueLayout.JAVA_FLOAT, row + x, down.mix(y, top, bottom) / 255f);
        }
      }
    }
    return planes;
  }

  /**
   * Half-pixel bilinear samples of colour planes at the centres of a grid's cells, without
   * antialiasing.
   *
   * @param pixels float32, {@code [3, height, width]}; borrowed
   * @return float32, {@code [rows * columns, 3]}; the caller owns it
   */
  static Tensor reduceToGrid(Tensor pixels, int rows, int columns) {
    long height = pixels.size(1);
    long width = pixels.size(2);
    Taps across = Taps.of(Math.toIntExact(width), columns);
    Taps down = Taps.of(Math.toIntExact(height), rows);
    Tensor grid = Tensor.allocate(DType.F32, (long) rows * columns, 3);
    MemorySegment source = pixels.segment();
    MemorySegment target = grid.segment();
    for (int channel = 0; channel < 3; channel++) {
      for (int y = 0; y < rows; y++) {
        long above = (channel * height + down.first[y]) * width;
        long below = (channel * height + down.second[y]) * width;
        for (int x = 0; x < columns; x++) {
          float top =
              across.mix(
                  x,
                  source.getAtIndex(ValueLayout.JAVA_FLOAT, above + across.first[x]),
                  source.getAtIndex(ValueLayout.JAVA_FLOAT, above + across.second[x]));
          float bottom =
              across.mix(
                  x,
                  source.getAtIndex(ValueLayout.JAVA_FLOAT, below + across.first[x]),
                  source.getAtIndex(ValueLayout.JAVA_FLOAT, below + across.second[x]));
          target.setAtIndex(
              ValueLayout.JAVA_FLOAT,
              ((long) y * columns + x) * 3 + channel,
              down.mix(y, top, bottom));
        }
      }
    }
    return grid;
  }

  /** For every output position of one axis the two input positions between which it lies. */
  @SuppressWarnings("ArrayRecordComponent") // private, and never compared
  private record Taps(int[] first, int[] second, float[] weight) {
    /**
     * Output centre i lies at {@code (i + 0.5) * size / count - 0.5}, clamped to the input's first
     * and last centre.
     */
    static Taps of(int size, int count) {
      Taps taps = new Taps(new int[count], new int[count], new float[count]);
      double scale = (double) size / count;
      for (int i = 0; i < count; i++) {
        double centre = Math.max(0, (i + 0.5) * scale - 0.5);
        int floor = Math.min((int) centre, size - 1);
        taps.first[i] = floor;
        taps.second[i] = Math.min(floor + 1, size - 1);
        taps.weight[i] = (float) (centre - floor);
      }
      return taps;
    }

    float mix(int i, float a, float b) {
      return a + weight[i] * (b - a);
    }
  }
}
