package dev.eigenseg.train.evaluation;

/**
 * One side of an image that is resized and cropped: which pixels of the original each pixel of the
 * crop comes from.
 *
 * @param length of the original side
 * @param resized of the side after resizing, before cropping
 * @param first the crop's first pixel on the resized side
 */
record ResizedAxis(int length, int resized, int first) {
  /**
   * A side of an image whose shorter side becomes {@code side} pixels, of which as many in the
   * middle are kept.
   */
  static ResizedAxis centred(int length, int shorter, int side) {
    int resized = Math.toIntExact((long) side * length / shorter);
    return new ResizedAxis(length, resized, (int) Math.rint((resized - side) / 2.0));
  }

  /** The original's pixel under the centre of the crop's pixel {@code i}. */
  int nearest(int i) {
    return Math.toIntExact((2L * (first + i) + 1) * length / (2L * resized));
  }

  /**
   * The original's pixels around the centre of the crop's pixel {@code i}. Where the side shrinks,
   * the triangle of weights is as much wider as the pixels are, so that none is left out.
   */
  Taps taps(int i) {
    double scale = (double) length / resized;
    double centre = (first + i + 0.5) * scale;
    double support = Math.max(1, scale);
    int from = Math.max(0, (int) (centre - support + 0.5));
    int to = Math.min(length, (int) (centre + support + 0.5));
    double[] weights = new double[to - from];
    double sum = 0;
    for (int tap = 0; tap < weights.length; tap++) {
      weights[tap] = Math.max(0, 1 - Math.abs(from + tap - centre + 0.5) / support);
      sum += weights[tap];
    }
    for (int tap = 0; tap < weights.length; tap++) {
      weights[tap] /= sum;
    }
    return new Taps(from, weights);
  }

  /** Weights of neighbouring pixels, together 1. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Taps(int from, double[] weights) {
    /** The mean of colours, each channel rounded, at {@code start + step * position}. */
    int mix(int[] colors, int start, int step) {
      double red = 0;
      double green = 0;
      double blue = 0;
      for (int tap = 0; tap < weights.length; tap++) {
        int color = colors[start + step * (from + tap)];
        red += weights[tap] * (color >> 16 & 0xFF);
        green += weights[tap] * (color >> 8 & 0xFF);
        blue += weights[tap] * (color & 0xFF);
      }
      return (int) (red + 0.5) << 16 | (int) (green + 0.5) << 8 | (int) (blue + 0.5);
    }
  }
}
