package dev.eigenseg.infer;

/**
 * What each level of features is divided by before psi sees it: its standard deviation over the
 * bank, or 1.
 *
 * @param low divisor of the low features
 * @param mid divisor of the mid features
 * @param high divisor of the high features
 */
public record FeatureScales(float low, float mid, float high) {
  /** Features as they are. */
  public static final FeatureScales ONE = new FeatureScales(1, 1, 1);

  /** Checks that every divisor is positive and finite. */
  public FeatureScales {
    check("low", low);
    check("mid", mid);
    check("high", high);
  }

  private static void check(String level, float scale) {
    if (!(scale > 0 && scale < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "the %s features are divided by %s, expected a positive number".formatted(level, scale));
    }
  }
}
