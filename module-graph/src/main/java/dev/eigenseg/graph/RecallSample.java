package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.QuerySample;
import dev.eigenseg.graph.rows.TrueNeighbors;

/**
 * Owns the true neighbours of a few random rows that chose no parameters; measures the recall of
 * neighbour lists by them. A neighbour that is as similar as the true last one counts as found, so
 * that ties do not matter.
 */
final class RecallSample implements AutoCloseable {
  private static final double ROUNDING = 1e-5;

  private final long[] sample;
  private final int k;
  private final TrueNeighbors neighbors;

  /**
   * Compares the rows that are held back with all rows.
   *
   * @param rows divided by their norms; borrowed
   * @param k neighbours a row, less than the rows
   */
  RecallSample(PreparedRows rows, int k, int threads, Progress progress) {
    this.sample = QuerySample.of(rows.rows()).heldBack();
    this.k = k;
    this.neighbors = TrueNeighbors.of(rows, sample, k, threads, progress);
  }

  /** Compares lists with the truth. */
  Recall of(Tensor similarities) {
    double[] shares = new double[sample.length];
    for (int i = 0; i < sample.length; i++) {
      double last = neighbors.similarity(i, k - 1) - ROUNDING;
      int found = 0;
      for (int j = 0; j < k; j++) {
        found += similarities.get(sample[i] * k + j) >= last ? 1 : 0;
      }
      shares[i] = (double) found / k;
    }
    return Recall.of(shares);
  }

  @Override
  public void close() {
    neighbors.close();
  }
}
