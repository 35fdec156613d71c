package dev.eigenseg.api.internal.kernel;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.image.RgbImages;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The numbers behind an image: colour planes, resized and padded, and their reduction to the patch
 * grid.
 */
public final class ImagePixels {
  private ImagePixels() {}

  /**
   * Refuses what is not the pixels of whole patches, as a backbone reads them.
   *
   * @param patchSize the side of a patch in pixels
   * @param backbone its id, for the message
   * @throws BadInputException unless it is float32, {@code [3, height, width]}, with sides that are
   *     multiples of the patch and not 0
   */
  public static void requirePatches(Tensor pixels, int patchSize, String backbone) {
    if (pixels.dtype() != DType.F32
        || pixels.rank() != 3
        || pixels.size(0) != 3
        || pixels.size(1) % patchSize != 0
        || pixels.size(2) % patchSize != 0
        || pixels.size() == 0) {
      throw new BadInputException(
          "backbone '%s' reads float32 [3, height, width] with sides that are multiples of %d, found %s"
              .formatted(backbone, patchSize, pixels));
    }
  }

  /**
   * A rectangle of an image that is resized by half-pixel bilinear interpolation without
   * antialiasing, and perhaps mirrored from left to right. The resized image itself does not exist
   * anywhere.
   *
   * @param width of the whole image after resizing
   * @param height likewise
   * @param mirrored whether columns count from the right
   * @param left the rectangle's first column
   * @param top its first row
   * @param columns of the rectangle
   * @param rows of the rectangle
   */
  public record Crop(
      int width, int height, boolean mirrored, int left, int top, int columns, int rows) {
    /** The whole image. */
    public static Crop whole(int width, int height, boolean mirrored) {
      return new Crop(width, height, mirrored, 0, 0, width, height);
    }
  }

  /**
   * Colour planes of a part of an image, black on the right and below up to the padded size.
   *
   * @return float32, {@code [3, paddedHeight, paddedWidth]}, RGB in [0, 1]; the caller owns it
   */
  public static Tensor planes(BufferedImage image, Crop crop, int paddedWidth, int paddedHeight) {
    BufferedImage rgb = RgbImages.of(image);
    Tensor planes = Tensor.allocate(DType.F32, 3, paddedHeight, paddedWidth);
    try {
      fill(planes.segment(), rgb, crop, paddedWidth, paddedHeight);
      return planes;
    } catch (RuntimeException | Error e) {
      planes.close();
      throw e;
    }
  }

  private static void fill(
      MemorySegment target, BufferedImage rgb, Crop crop, int paddedWidth, int paddedHeight) {
    float[] row = new float[Math.multiplyExact(3, crop.columns)];
    Resizer resizer = new Resizer(rgb, crop);
    CallScope scope = CallScope.current();
    for (int y = 0; y < crop.rows; y++) {
      scope.check();
      resizer.row(y, row);
      for (int channel = 0; channel < 3; channel++) {
        int from = channel * crop.columns;
        for (int x = 0; x < crop.columns; x++) {
          row[from + x] /= 255f;
        }
        long at = ((long) channel * paddedHeight + y) * paddedWidth * Float.BYTES;
        MemorySegment.copy(row, from, target, ValueLayout.JAVA_FLOAT, at, crop.columns);
      }
    }
  }

  /**
   * The same image as plain RGB, for who reads it several times: every other type is converted each
   * time.
   */
  public static BufferedImage rgb(BufferedImage image) {
    return RgbImages.of(image);
  }

  /** The colours of an image, {@code 0xRRGGBB}, row by row. */
  public static int[] colors(BufferedImage image) {
    int[] colors = new int[Math.multiplyExact(image.getWidth(), image.getHeight())];
    readRgb(RgbImages.of(image), 0, 0, image.getWidth(), image.getHeight(), colors);
    for (int i = 0; i < colors.length; i++) {
      colors[i] &= 0xFFFFFF;
    }
    return colors;
  }

  private static void readRgb(BufferedImage rgb, int x, int y, int width, int height, int[] to) {
    rgb.getRaster().getDataElements(x, y, width, height, to);
  }

  /** Makes a crop row by row; rows that are asked for in order read each source row once. */
  private static final class Resizer {
    private final BufferedImage image;
    private final Crop crop;
    private final Axis across;
    private final Axis down;
    private final int[] column; // for each of the crop's columns the one of the axis
    private final int firstColumn; // the part of source rows that the crop needs
    private int[] above;
    private int[] below;
    private int rowAbove = -1;
    private int rowBelow = -1;

    Resizer(BufferedImage image, Crop crop) {
      this.image = image;
      this.crop = crop;
      across = Axis.stepping(crop.width, image.getWidth());
      down = Axis.stepping(crop.height, image.getHeight());
      column = new int[crop.columns];
      for (int x = 0; x < column.length; x++) {
        int position = crop.left + x;
        column[x] = crop.mirrored ? crop.width - 1 - position : position;
      }
      int last = column.length - 1;
      firstColumn = across.first()[Math.min(column[0], column[last])];
      int columns =
          across.second(across.first()[Math.max(column[0], column[last])]) + 1 - firstColumn;
      above = new int[columns];
      below = new int[columns];
    }

    /** Fills {@code target} with a row of each of three channels, from 0 to 255. */
    void row(int y, float[] target) {
      int position = crop.top + y;
      load(down.first()[position], down.second(down.first()[position]));
      for (int channel = 0; channel < 3; channel++) {
        int shift = 16 - 8 * channel;
        int to = channel * crop.columns;
        for (int x = 0; x < column.length; x++) {
          int tap = column[x];
          int first = across.first()[tap] - firstColumn;
          int second = across.second(across.first()[tap]) - firstColumn;
          float top =
              across.mix(tap, (above[first] >> shift) & 255, (above[second] >> shift) & 255);
          float bottom =
              across.mix(tap, (below[first] >> shift) & 255, (below[second] >> shift) & 255);
          target[to + x] = down.mix(position, top, bottom);
        }
      }
    }

    private void load(int first, int second) {
      if (rowBelow == first) {
        int[] swapped = above;
        above = below;
        below = swapped;
        rowBelow = rowAbove;
        rowAbove = first;
      }
      if (rowAbove != first) {
        readRgb(image, firstColumn, first, above.length, 1, above);
        rowAbove = first;
      }
      if (rowBelow != second) {
        readRgb(image, firstColumn, second, below.length, 1, below);
        rowBelow = second;
      }
    }
  }

  /**
   * Half-pixel bilinear samples of colour planes at the centres of a grid's cells, without
   * antialiasing.
   *
   * @param pixels float32, {@code [3, height, width]}; borrowed
   * @return float32, {@code [rows * columns, 3]}; the caller owns it
   */
  public static Tensor reduceToGrid(Tensor pixels, int rows, int columns) {
    long height = pixels.size(1);
    long width = pixels.size(2);
    Axis across = Axis.stepping(columns, Math.toIntExact(width));
    Axis down = Axis.stepping(rows, Math.toIntExact(height));
    Tensor grid = Tensor.allocate(DType.F32, (long) rows * columns, 3);
    MemorySegment source = pixels.segment();
    MemorySegment target = grid.segment();
    for (int channel = 0; channel < 3; channel++) {
      for (int y = 0; y < rows; y++) {
        long above = (channel * height + down.first()[y]) * width;
        long below = (channel * height + down.second(down.first()[y])) * width;
        for (int x = 0; x < columns; x++) {
          float top =
              across.mix(
                  x,
                  source.getAtIndex(ValueLayout.JAVA_FLOAT, above + across.first()[x]),
                  source.getAtIndex(
                      ValueLayout.JAVA_FLOAT, above + across.second(across.first()[x])));
          float bottom =
              across.mix(
                  x,
                  source.getAtIndex(ValueLayout.JAVA_FLOAT, below + across.first()[x]),
                  source.getAtIndex(
                      ValueLayout.JAVA_FLOAT, below + across.second(across.first()[x])));
          target.setAtIndex(
              ValueLayout.JAVA_FLOAT,
              ((long) y * columns + x) * 3 + channel,
              down.mix(y, top, bottom));
        }
      }
    }
    return grid;
  }
}
