package dev.eigenseg.train;

import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kmeans.DensitySample;

/**
 * Patches that count the more the farther their neighbours are; see {@link DensitySample}. Not part
 * of the published method.
 *
 * @param graph over the bank's patches, whose similarities tell how densely they lie; borrowed
 * @param power how much; above 0
 */
public record DensityBalance(KnnGraph graph, double power) {
  /** Checks the power. */
  public DensityBalance {
    if (!(power > 0) || Double.isInfinite(power)) {
      throw new IllegalArgumentException("density-power must be above 0, found " + power);
    }
  }

  /** The patches' rows, chosen accordingly; to be closed by the caller. */
  DensitySample sample(FeatureRows rows, long seed) {
    if (graph.rows() != rows.rows()) {
      throw new IncompatibleException(
          "the graph has %d rows and the bank %d patches: run 'eigenseg graph' on this bank again"
              .formatted(graph.rows(), rows.rows()));
    }
    return DensitySample.of(rows, graph, power, seed);
  }
}
