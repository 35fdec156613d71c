package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.graph.Recall;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.QuerySample;
import dev.eigenseg.graph.rows.TrueNeighbors;
import java.util.OptionalInt;

/**
 * The true neighbours of a few rows, and how many probes find enough of them. A neighbour is found
 * if either of the two rows looks into the other's list, so that nothing need be searched to know.
 */
final class ProbeTuning {
  private final InvertedLists inverted;
  private final int k;
  private final long[] sample;
  private final long[] neighbors;

  /** Compares the sampled rows with all rows. */
  ProbeTuning(IvfPlan plan, PreparedRows rows, InvertedLists inverted, Progress progress) {
    this.inverted = inverted;
    this.k = plan.k();
    this.sample = QuerySample.of(plan.rows()).tuning();
    this.neighbors = new long[sample.length * k];
    try (TrueNeighbors found = TrueNeighbors.of(rows, sample, k, plan.threads(), progress)) {
      for (int i = 0; i < neighbors.length; i++) {
        neighbors[i] = found.id(i / k, i % k);
      }
    }
  }

  /**
   * The least number of probes whose recall is, by the lower end of its confidence interval, at
   * least {@code target}; none if even all ranked places are too few.
   */
  OptionalInt probesFor(double target, RankedLists ranked) {
    int[] needed = needed(ranked);
    for (int probes = 1; probes <= ranked.places(); probes++) {
      Recall recall = recall(needed, probes);
      if (recall.fraction() - recall.margin() >= target) {
        return OptionalInt.of(probes);
      }
    }
    return OptionalInt.empty();
  }

  /** The probes from which on each neighbour is found. */
  private int[] needed(RankedLists ranked) {
    int[] needed = new int[neighbors.length];
    for (int i = 0; i < needed.length; i++) {
      long row = sample[i / k];
      long neighbor = neighbors[i];
      int own = listOf(row);
      int other = listOf(neighbor);
      needed[i] =
          own == other ? 1 : 1 + Math.min(place(ranked, row, other), place(ranked, neighbor, own));
    }
    return needed;
  }

  private static int place(RankedLists ranked, long row, int list) {
    return ranked.placeOf(row, list, ranked.places());
  }

  private int listOf(long row) {
    return inverted.listOfBlock(inverted.blockOf(inverted.positionOf(row)));
  }

  private Recall recall(int[] needed, int probes) {
    double[] shares = new double[sample.length];
    for (int i = 0; i < needed.length; i++) {
      shares[i / k] += needed[i] <= probes ? 1.0 / k : 0;
    }
    return Recall.of(shares);
  }
}
