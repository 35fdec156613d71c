package dev.eigenseg.infer.crf;

import dev.eigenseg.api.CrfOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Images for tests and benchmarks, and inference from and to the heap. */
public final class CrfCases {
  private CrfCases() {}

  static double[][] infer(
      double[][] probabilities, int width, int[] rgb, CrfOptions options, int threads) {
    return infer(probabilities, new DenseCrf(width, rgb, options, threads), threads);
  }

  static double[][] infer(double[][] probabilities, DenseCrf crf, int threads) {
    int clusters = probabilities[0].length;
    int stride = DenseCrf.stride(clusters);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment unaries = unaries(probabilities, arena);
      MemorySegment q = arena.allocate(unaries.byteSize(), 64);
      crf.infer(unaries, q, clusters, threads);
      double[][] found = new double[probabilities.length][clusters];
      for (int i = 0; i < found.length; i++) {
        for (int k = 0; k < clusters; k++) {
          found[i][k] = q.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * stride + k);
        }
      }
      return found;
    }
  }

  static MemorySegment unaries(double[][] probabilities, Arena arena) {
    int stride = DenseCrf.stride(probabilities[0].length);
    MemorySegment unaries = arena.allocate((long) probabilities.length * stride * Float.BYTES, 64);
    for (int i = 0; i < probabilities.length; i++) {
      for (int k = 0; k < probabilities[i].length; k++) {
        unaries.setAtIndex(
            ValueLayout.JAVA_FLOAT, (long) i * stride + k, (float) Math.log(probabilities[i][k]));
      }
    }
    return unaries;
  }

  /**
   * A picture with the statistics of a photograph: regions of slowly changing colour with borders
   * that are a little soft, fine texture in half of them, and sensor noise of a deviation of 2.
   */
  public static int[] photograph(Random random, int width, int height) {
    int regions = 24;
    double[][] seeds = new double[regions][9];
    for (double[] seed : seeds) {
      seed[0] = random.nextDouble() * width;
      seed[1] = random.nextDouble() * height;
      for (int c = 2; c < 5; c++) {
        seed[c] = 30 + 190 * random.nextDouble();
      }
      seed[5] = 60 * random.nextGaussian() / width; // shading
      seed[6] = 60 * random.nextGaussian() / height;
      seed[7] = Math.max(0, 12 * random.nextGaussian()); // texture
      seed[8] = 0.2 + random.nextDouble();
    }
    int[] rgb = new int[width * height];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = colour(random, seeds, i % width, i / width);
    }
    return rgb;
  }

  private static int colour(Random random, double[][] seeds, int x, int y) {
    double weight = 0;
    double[] sum = new double[3];
    double nearest = Double.POSITIVE_INFINITY;
    for (double[] seed : seeds) {
      nearest = Math.min(nearest, Math.hypot(x - seed[0], y - seed[1]));
    }
    for (double[] seed : seeds) {
      double w = Math.exp(nearest - Math.hypot(x - seed[0], y - seed[1]));
      double shade = seed[5] * (x - seed[0]) + seed[6] * (y - seed[1]);
      double texture = seed[7] * Math.sin(seed[8] * x + Math.cos(seed[8] * y) * 2);
      for (int c = 0; c < 3; c++) {
        sum[c] += w * (seed[2 + c] + shade + texture);
      }
      weight += w;
    }
    int rgb = 0;
    for (int c = 0; c < 3; c++) {
      long value = Math.round(sum[c] / weight + 2 * random.nextGaussian());
      rgb = (rgb << 8) | Math.clamp(value, 0, 255);
    }
    return rgb;
  }

  static double[][] probabilities(Random random, int pixels, int clusters, double scale) {
    double[][] values = new double[pixels][clusters];
    for (double[] row : values) {
      double sum = 0;
      for (int k = 0; k < clusters; k++) {
        row[k] = Math.exp(scale * random.nextGaussian());
        sum += row[k];
      }
      for (int k = 0; k < clusters; k++) {
        row[k] /= sum;
      }
    }
    return values;
  }
}
