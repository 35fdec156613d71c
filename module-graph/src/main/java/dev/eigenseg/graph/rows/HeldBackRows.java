package dev.eigenseg.graph.rows;

import dev.eigenseg.api.Progress;

/** What recall is measured by: the last true neighbours of the rows that chose nothing. */
public final class HeldBackRows {
  private HeldBackRows() {}

  /**
   * The similarity of the last of the k true neighbours of each row that {@link QuerySample} holds
   * back, found by comparing them with all rows.
   *
   * @param rows divided by their norms; borrowed
   */
  public static float[] lastSimilarities(PreparedRows rows, int k, int threads, Progress progress) {
    long[] sample = QuerySample.of(rows.rows()).heldBack();
    float[] last = new float[sample.length];
    try (TrueNeighbors found = TrueNeighbors.of(rows, sample, k, threads, progress)) {
      for (int i = 0; i < last.length; i++) {
        last[i] = found.similarity(i, k - 1);
      }
    }
    return last;
  }
}
