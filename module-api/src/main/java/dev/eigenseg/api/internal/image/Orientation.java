package dev.eigenseg.api.internal.image;

import dev.eigenseg.api.internal.resource.CallScope;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;

/**
 * How stored rows and columns lie in the picture, as EXIF and TIFF number it.
 *
 * @param tag from 1, which is upright, to 8
 */
public record Orientation(int tag) {
  /** Rows from the top, columns from the left. */
  public static final Orientation UPRIGHT = new Orientation(1);

  private static final int TAGS = 8;
  private static final int FIRST_ON_ITS_SIDE = 5;

  /** The meaning of a tag; one that has none is passed over, as viewers do. */
  static Orientation of(long tag) {
    return tag >= 1 && tag <= TAGS ? new Orientation((int) tag) : UPRIGHT;
  }

  /** Whether stored rows are the picture's columns. */
  public boolean swapsSides() {
    return tag >= FIRST_ON_ITS_SIDE;
  }

  /** The place in the stored picture of what is seen at (x, y), row by row. */
  private long stored(int width, int height, int x, int y) {
    int column =
        switch (tag) {
          case 1, 4 -> x;
          case 2, 3 -> width - 1 - x;
          case 5, 6 -> y;
          default -> width - 1 - y;
        };
    int row =
        switch (tag) {
          case 1, 2 -> y;
          case 3, 4 -> height - 1 - y;
          case 5, 8 -> x;
          default -> height - 1 - x;
        };
    return (long) row * width + column;
  }

  /**
   * The picture as it is seen.
   *
   * @param image of {@link BufferedImage#TYPE_INT_RGB}; returned itself if it is upright
   */
  public BufferedImage turnRgb(BufferedImage image) {
    if (tag == 1) {
      return image;
    }
    int width = image.getWidth();
    int height = image.getHeight();
    BufferedImage turned =
        new BufferedImage(
            swapsSides() ? height : width, swapsSides() ? width : height, image.getType());
    int[] from = ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
    int[] to = ((DataBufferInt) turned.getRaster().getDataBuffer()).getData();
    int origin = (int) stored(width, height, 0, 0);
    int across = (int) stored(width, height, 1, 0) - origin;
    int down = (int) stored(width, height, 0, 1) - origin;
    CallScope scope = CallScope.current();
    for (int y = 0; y < turned.getHeight(); y++) {
      scope.check();
      int target = y * turned.getWidth();
      int source = origin + y * down;
      for (int x = 0; x < turned.getWidth(); x++, source += across) {
        to[target + x] = from[source];
      }
    }
    return turned;
  }

  /** As {@link #turnRgb} for any image, whose numbers stay what they are. */
  public BufferedImage turn(BufferedImage image) {
    if (tag == 1) {
      return image;
    }
    int width = image.getWidth();
    int height = image.getHeight();
    Raster from = image.getRaster();
    WritableRaster to =
        image
            .getColorModel()
            .createCompatibleWritableRaster(
                swapsSides() ? height : width, swapsSides() ? width : height);
    Object pixel = null;
    for (int y = 0; y < to.getHeight(); y++) {
      for (int x = 0; x < to.getWidth(); x++) {
        long place = stored(width, height, x, y);
        pixel = from.getDataElements((int) (place % width), (int) (place / width), pixel);
        to.setDataElements(x, y, pixel);
      }
    }
    return new BufferedImage(
        image.getColorModel(), to, image.getColorModel().isAlphaPremultiplied(), null);
  }
}
