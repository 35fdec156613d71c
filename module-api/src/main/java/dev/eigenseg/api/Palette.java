package dev.eigenseg.api;

/**
 * Colours for clusters: the same for a number whatever the number of clusters, and easily told
 * apart.
 */
final class Palette {
  /**
   * Turning the hue by it again and again never comes back to where it was, and fills gaps evenly.
   */
  private static final double GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

  // Neighbours in hue get another lightness; four steps is what the eye tells apart on a
  // photograph.
  private static final double[] LIGHTNESS = {0.68, 0.84, 0.52, 0.76};
  private static final double CHROMA = 0.15;

  private Palette() {}

  /** {@code 0xRRGGBB}. */
  static int color(int cluster) {
    double hue = cluster * GOLDEN_ANGLE;
    return fromOklab(
        LIGHTNESS[cluster % LIGHTNESS.length], CHROMA * Math.cos(hue), CHROMA * Math.sin(hue));
  }

  /** OKLab (Ottosson, 2020), in which equal distances look equally large, to sRGB. */
  private static int fromOklab(double lightness, double a, double b) {
    double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
    double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
    double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
    int red = encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
    int green = encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
    int blue = encode(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
    return red << 16 | green << 8 | blue;
  }

  private static double cube(double x) {
    return x * x * x;
  }

  private static int encode(double linear) {
    double x = Math.clamp(linear, 0, 1);
    double encoded = x <= 0.0031308 ? 12.92 * x : 1.055 * Math.pow(x, 1 / 2.4) - 0.055;
    return (int) Math.round(255 * encoded);
  }
}
