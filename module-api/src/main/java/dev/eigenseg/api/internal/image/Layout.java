package dev.eigenseg.api.internal.image;

/**
 * Which samples of a pixel are what.
 *
 * @param colors the bands of red, green and blue, or of grey
 * @param alpha the band of opacity, or -1
 * @param multiplied whether the colours are multiplied by the opacity
 */
@SuppressWarnings("ArrayRecordComponent") // read in this package alone, and never compared
record Layout(int[] colors, int alpha, boolean multiplied) {
  static Layout opaque(int... colors) {
    return new Layout(colors, -1, false);
  }

  int bands() {
    int last = alpha;
    for (int band : colors) {
      last = Math.max(last, band);
    }
    return last + 1;
  }
}
