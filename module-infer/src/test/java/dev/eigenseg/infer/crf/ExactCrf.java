package dev.eigenseg.infer.crf;

import dev.eigenseg.api.CrfOptions;

/** The oracle: dense mean field with all pairs of pixels, in double precision. */
final class ExactCrf {
  private ExactCrf() {}

  /**
   * Q after all iterations.
   *
   * @param probabilities {@code [pixels][clusters]}
   */
  static double[][] infer(double[][] probabilities, int width, int[] rgb, CrfOptions options) {
    int pixels = probabilities.length;
    double xy = options.gaussianStd();
    double[][] messages = new double[pixels][pixels];
    addKernel(messages, width, rgb, options.gaussianWeight(), xy, Double.POSITIVE_INFINITY);
    addKernel(
        messages,
        width,
        rgb,
        options.bilateralWeight(),
        options.bilateralXyStd(),
        options.bilateralRgbStd());
    double[][] unaries = new double[pixels][];
    double[][] q = new double[pixels][];
    for (int i = 0; i < pixels; i++) {
      unaries[i] = probabilities[i].clone();
      for (int k = 0; k < unaries[i].length; k++) {
        unaries[i][k] = Math.log(Math.clamp(unaries[i][k], 1e-5, 1));
      }
      q[i] = softmax(unaries[i].clone());
    }
    for (int iteration = 0; iteration < options.iterations(); iteration++) {
      double[][] next = new double[pixels][];
      for (int i = 0; i < pixels; i++) {
        next[i] = unaries[i].clone();
        for (int j = 0; j < pixels; j++) {
          // What is left out sums to less than 1e-8 over the largest fixture.
          for (int k = 0; k < next[i].length && messages[i][j] > 1e-12; k++) {
            next[i][k] += messages[i][j] * q[j][k];
          }
        }
        softmax(next[i]);
      }
      q = next;
    }
    return q;
  }

  private static void addKernel(
      double[][] sum, int width, int[] rgb, double weight, double xyStd, double rgbStd) {
    int pixels = rgb.length;
    double[][] kernel = new double[pixels][pixels];
    double[] norm = new double[pixels];
    for (int i = 0; i < pixels; i++) {
      for (int j = 0; j < pixels; j++) {
        double square = Math.pow((i % width - j % width) / xyStd, 2);
        square += Math.pow((i / width - j / width) / xyStd, 2);
        for (int shift = 0; shift <= 16; shift += 8) {
          square += Math.pow((((rgb[i] >> shift) & 255) - ((rgb[j] >> shift) & 255)) / rgbStd, 2);
        }
        kernel[i][j] = Math.exp(-0.5 * square);
        norm[i] += kernel[i][j];
      }
    }
    for (int i = 0; i < pixels; i++) {
      for (int j = 0; j < pixels; j++) {
        sum[i][j] += weight * kernel[i][j] / Math.sqrt((norm[i] + 1e-20) * (norm[j] + 1e-20));
      }
    }
  }

  private static double[] softmax(double[] x) {
    double sum = 0;
    for (double value : x) {
      sum += Math.exp(value);
    }
    for (int k = 0; k < x.length; k++) {
      x[k] = Math.exp(x[k]) / sum;
    }
    return x;
  }
}
