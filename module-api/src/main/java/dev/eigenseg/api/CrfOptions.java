package dev.eigenseg.api;

/**
 * A dense conditional random field (Kraehenbuehl and Koltun, NIPS 2011) with Potts compatibility,
 * two Gaussian kernels with symmetric normalisation, and mean-field inference.
 *
 * @param iterations of mean field
 * @param gaussianWeight weight of the kernel on positions alone
 * @param gaussianStd its standard deviation in pixels
 * @param bilateralWeight weight of the kernel on positions and colours
 * @param bilateralXyStd its standard deviation in pixels
 * @param bilateralRgbStd its standard deviation in colour steps of 0 to 255
 * @param maxPixels images of more pixels are refined in overlapping tiles of about this size
 */
public record CrfOptions(
    int iterations,
    double gaussianWeight,
    double gaussianStd,
    double bilateralWeight,
    double bilateralXyStd,
    double bilateralRgbStd,
    long maxPixels) {
  /** The published parameters; tiles above 1,048,576 pixels. */
  public static final CrfOptions DEFAULT = new CrfOptions(10, 3, 1, 4, 67, 3, 1 << 20);

  /** Checks the ranges. */
  public CrfOptions {
    if (iterations < 1
        || !(gaussianWeight >= 0 && bilateralWeight >= 0)
        || !(gaussianStd > 0 && bilateralXyStd > 0 && bilateralRgbStd > 0)
        || maxPixels < 1 << 12) {
      throw new IllegalArgumentException(
          ("iterations %d, weights %s and %s, deviations %s, %s and %s, at most %d pixels: "
                  + "expected positive numbers, weights from 0 and at least 4096 pixels")
              .formatted(
                  iterations,
                  gaussianWeight,
                  bilateralWeight,
                  gaussianStd,
                  bilateralXyStd,
                  bilateralRgbStd,
                  maxPixels));
    }
  }

  /** The same with another limit of pixels. */
  public CrfOptions withMaxPixels(long pixels) {
    return new CrfOptions(
        iterations,
        gaussianWeight,
        gaussianStd,
        bilateralWeight,
        bilateralXyStd,
        bilateralRgbStd,
        pixels);
  }

  /**
   * How images are cut for refinement.
   *
   * @param columns tiles from left to right
   * @param rows tiles from top to bottom
   * @param margin pixels by which each tile sees beyond those that it decides
   */
  public record Tiles(int columns, int rows, int margin) {
    /** The number of tiles. */
    public long count() {
      return (long) columns * rows;
    }
  }

  /**
   * The tiles of an image, one if it has at most {@link #maxPixels} pixels. Tiles see two standard
   * deviations of the bilateral kernel beyond what they decide, or less if they are small.
   */
  public Tiles tiles(int width, int height) {
    if ((long) width * height <= maxPixels) {
      return new Tiles(1, 1, 0);
    }
    // Narrow images get tiles over their whole width or height, others square ones.
    long side = (long) Math.sqrt(maxPixels);
    long tileWidth = width <= side ? width : height <= side ? maxPixels / height : side;
    long tileHeight = width <= side ? maxPixels / width : Math.min(height, side);
    long cut = tileWidth == width ? tileHeight : tileHeight == height ? tileWidth : side;
    int margin = (int) Math.min(2 * bilateralXyStd, cut / 4);
    return new Tiles(parts(width, tileWidth, margin), parts(height, tileHeight, margin), margin);
  }

  private static int parts(int size, long tile, int margin) {
    return size <= tile ? 1 : (int) Math.ceilDiv(size, tile - 2 * margin);
  }
}
