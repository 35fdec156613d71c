package dev.eigenseg.graph;

import dev.eigenseg.graph.rows.NeighborRows;
import dev.eigenseg.graph.rows.QuerySample;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * What is known of the true neighbours of a few random rows that chose no parameters; measures the
 * recall of neighbour lists by it. A neighbour that is as similar as the true last one counts as
 * found, so that ties do not matter.
 *
 * @param rows all rows
 * @param lastSimilarities of the last true neighbour of each row that {@link QuerySample} holds
 *     back
 */
@SuppressWarnings("ArrayRecordComponent") // compared by its content
record RecallSample(long rows, float[] lastSimilarities) {
  private static final double ROUNDING = 1e-5;

  @Override
  public boolean equals(Object other) {
    return other instanceof RecallSample sample
        && rows == sample.rows
        && Arrays.equals(lastSimilarities, sample.lastSimilarities);
  }

  @Override
  public int hashCode() {
    return 31 * Long.hashCode(rows) + Arrays.hashCode(lastSimilarities);
  }

  /** Rows of the sample of so many. */
  static int size(long rows) {
    return QuerySample.of(rows).heldBack().length;
  }

  /** Compares lists of k with the truth. */
  Recall of(NeighborRows lists, int k) throws IOException {
    long[] sample = QuerySample.of(rows).heldBack();
    double[] shares = new double[sample.length];
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment ids = memory.allocate(ValueLayout.JAVA_INT, k);
      MemorySegment similarities = memory.allocate(ValueLayout.JAVA_FLOAT, k);
      for (int i = 0; i < sample.length; i++) {
        lists.read(sample[i], 1, ids, similarities);
        double last = lastSimilarities[i] - ROUNDING;
        int found = 0;
        for (int j = 0; j < k; j++) {
          found += similarities.getAtIndex(ValueLayout.JAVA_FLOAT, j) >= last ? 1 : 0;
        }
        shares[i] = (double) found / k;
      }
    }
    return Recall.of(shares);
  }
}
