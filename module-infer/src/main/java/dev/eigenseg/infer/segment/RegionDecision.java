package dev.eigenseg.infer.segment;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.kernel.VectorMath;
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
    CallScope scope = CallScope.current();
    VectorMath math = VectorMath.best();
    MemorySegment values = logits.segment(); // not needed as logits any more
    for (int patch = 0; patch < regions.length; patch++) {
      scope.check();
      long first = (long) patch * clusters;
      math.softmaxRows(divisor, values, first * Float.BYTES, 1, clusters);
      double[] sum = sums[regions[patch]];
      for (int cluster = 0; cluster < clusters; cluster++) {
        sum[cluster] += values.getAtIndex(ValueLayout.JAVA_FLOAT, first + cluster);
      }
    }
    float certain = clusters == 1 ? 0 : (float) (divisor * Math.log(odds(clusters)));
    int[] likeliest = Arrays.stream(sums).mapToInt(RegionDecision::largest).toArray();
    values.fill((byte) 0);
    for (int patch = 0; patch < regions.length; patch++) {
      long cell = (long) patch * clusters + likeliest[regions[patch]];
      values.setAtIndex(ValueLayout.JAVA_FLOAT, cell, certain);
    }
  }

  private static double odds(int clusters) {
    return CERTAINTY / ((1 - CERTAINTY) / (clusters - 1));
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
