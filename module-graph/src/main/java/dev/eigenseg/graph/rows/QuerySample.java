package dev.eigenseg.graph.rows;

import java.util.Arrays;
import java.util.Random;

/**
 * Random rows on which recall is looked at, the same for the same number of rows: some to choose
 * parameters, and others, held back, to measure what was chosen.
 *
 * @param tuning rising
 * @param heldBack rising; none of the former
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record QuerySample(long[] tuning, long[] heldBack) {
  /** The most rows of either: with a recall of 0.95 the interval is about one percent wide. */
  public static final int ROWS = 512;

  // Fixed, so that the same search stores the same recall.
  private static final long SEED = 1;

  /** Draws from so many rows, at least 2. */
  public static QuerySample of(long rows) {
    int size = (int) Math.min(ROWS, rows / 2);
    long[] drawn = new Random(SEED).longs(0, rows).distinct().limit(2L * size).toArray();
    long[] heldBack = Arrays.copyOf(drawn, size);
    long[] tuning = Arrays.copyOfRange(drawn, size, 2 * size);
    Arrays.sort(heldBack);
    Arrays.sort(tuning);
    return new QuerySample(tuning, heldBack);
  }
}
