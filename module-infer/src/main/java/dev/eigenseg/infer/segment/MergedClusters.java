package dev.eigenseg.infer.segment;

import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Turns logits of clusters into those of segments: d log(sum of exp(logit / d)) over a segment's
 * clusters, so that the softmax of a segment is the sum of theirs. Immutable.
 */
final class MergedClusters {
  private final int[] segmentOfCluster;
  private final int segments;

  /**
   * Merges clusters.
   *
   * @param segmentOfCluster for each cluster its segment, from 0 to {@code segments} - 1
   */
  MergedClusters(int[] segmentOfCluster, int segments) {
    this.segmentOfCluster = segmentOfCluster.clone();
    this.segments = segments;
  }

  /**
   * The segments' logits.
   *
   * @param logits float32 {@code [patches, clusters]}; borrowed
   * @param divisor what logits are divided by before a softmax
   * @return float32 {@code [patches, segments]}; the caller owns it. Not finite where the clusters'
   *     are not
   */
  Tensor logits(Tensor logits, float divisor) {
    Tensor merged = Tensor.allocate(DType.F32, logits.size(0), segments);
    float[] largest = new float[segments];
    double[] sums = new double[segments];
    CallScope scope = CallScope.current();
    for (long row = 0; row < logits.size(0); row++) {
      scope.check();
      long source = row * segmentOfCluster.length;
      fillLargest(logits.segment(), source, largest);
      fillSums(logits.segment(), source, divisor, largest, sums);
      for (int segment = 0; segment < segments; segment++) {
        double value = largest[segment] + divisor * StrictMath.log(sums[segment]);
        merged
            .segment()
            .setAtIndex(ValueLayout.JAVA_FLOAT, row * segments + segment, (float) value);
      }
    }
    return merged;
  }

  private void fillLargest(MemorySegment logits, long first, float[] largest) {
    Arrays.fill(largest, Float.NEGATIVE_INFINITY);
    for (int cluster = 0; cluster < segmentOfCluster.length; cluster++) {
      float logit = logits.getAtIndex(ValueLayout.JAVA_FLOAT, first + cluster);
      int segment = segmentOfCluster[cluster];
      largest[segment] = Math.max(largest[segment], logit);
    }
  }

  private void fillSums(
      MemorySegment logits, long first, float divisor, float[] largest, double[] sums) {
    Arrays.fill(sums, 0);
    for (int cluster = 0; cluster < segmentOfCluster.length; cluster++) {
      float logit = logits.getAtIndex(ValueLayout.JAVA_FLOAT, first + cluster);
      int segment = segmentOfCluster[cluster];
      double exponent = ((double) logit - largest[segment]) / divisor;
      sums[segment] += StrictMath.exp(exponent) + 0 * logit; // what is infinite stays to be seen
    }
  }
}
