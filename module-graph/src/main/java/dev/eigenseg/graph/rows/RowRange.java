package dev.eigenseg.graph.rows;

/**
 * Some rows of a matrix.
 *
 * @param first the first
 * @param end behind the last
 */
public record RowRange(long first, long end) {
  /** Checks the order. */
  public RowRange {
    if (first < 0 || end < first) {
      throw new IllegalArgumentException("rows from %d to %d".formatted(first, end));
    }
  }

  /** How many. */
  public long count() {
    return end - first;
  }
}
