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
          "iterations %d, weights %s and %s, deviations %s, %s and %s, at most %d pixels: expected positive numbers, weights from 0 and at least 4096 pixels"
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
}
