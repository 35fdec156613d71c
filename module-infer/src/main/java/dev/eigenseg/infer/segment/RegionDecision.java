package dev.eigenseg.infer.segment;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Gives all patches of a region the cluster that is likeliest in it: the largest mean of their
 * softmax.
 */
final class RegionDecision {
  /** What is left of certainty for a CRF, which moves outlines to where colours change. */
  private static final double CERTAINTY = 0.98;

  private RegionDecision() {}

  /**
   * Replaces logits by decisions. Between regions of two clusters, bilinear upsampling of these has
   * no third one in the middle, which logits of mean probabilities would.
   *
   * @param logits float32 {@code [patches, clusters]}; changed in place
   * @param divisor what logits are divided by before a softmax
   * @param regions the region of each patch, from 0
   * @throws BadInputException if a logit is not finite
   */
  static void decide(Tensor logits, float divisor, int[] regions) {
    GridLogits.checkFinite(logits);
    int clusters = Math.toIntExact(logits.size(1));
    double[][] sums = new double[Arrays.stream(regions).max().orElse(-1) + 1][clusters];
    float[] row = new float[clusters];
    double[] shares = new double[clusters];
    CallScope scope = CallScope.current();
    for (int patch = 0; patch < regions.length; patch++) {
      scope.check();
      MemorySegment.copy(
          logits.segment(), ValueLayout.JAVA_FLOAT, offset(patch, clusters), row, 0, clusters);
      softmax(row, divisor, shares);
      double[] sum = sums[regions[patch]];
      for (int cluster = 0; cluster < clusters; cluster++) {
        sum[cluster] += shares[cluster];
      }
    }
    float certain = clusters == 1 ? 0 : (float) (divisor * Math.log(odds(clusters)));
    int[] likeliest = Arrays.stream(sums).mapToInt(RegionDecision::largest).toArray();
    logits.segment().fill((byte) 0);
    for (int patch = 0; patch < regions.length; patch++) {
      long cell = (long) patch * clusters + likeliest[regions[patch]];
      logits.segment().setAtIndex(ValueLayout.JAVA_FLOAT, cell, certain);
    }
  }

  private static double odds(int clusters) {
    return CERTAINTY / ((1 - CERTAINTY) / (clusters - 1));
  }

  private static long offset(int patch, int clusters) {
    return (long) patch * clusters * Float.BYTES;
  }

  private static void softmax(float[] logits, float divisor, double[] shares) {
    double largest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      largest = Math.max(largest, logit);
    }
    double sum = 0;
    for (int cluster = 0; cluster < logits.length; cluster++) {
      shares[cluster] = StrictMath.exp((logits[cluster] - largest) / divisor);
      sum += shares[cluster];
    }
    for (int cluster = 0; cluster < logits.length; cluster++) {
      shares[cluster] /= sum;
    }
  }

  private static int largest(double[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }
}
