package dev.eigenseg.graph.kmeans;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns what is known of some rows: the cluster of each, its squared distance from there, in whose
 * sums it is, and bounds on its distances from the centroids. Different rows may be written by
 * different threads.
 */
final class RowLabels implements AutoCloseable {
  static final int NONE = -1;

  // A bound that is kept in float32 is moved outwards by more than its rounding.
  private static final double OUTWARDS = 0x1p-22;

  private final int groups;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment labels;
  private final MemorySegment summed;
  private final MemorySegment distances;
  private final MemorySegment upper;
  private final MemorySegment lower;

  /**
   * Rows without clusters.
   *
   * @param groups of centroids that there are bounds for; 0 where centroids move without saying how
   *     far
   */
  RowLabels(long rows, int groups) {
    this.groups = groups;
    try {
      this.labels = arena.allocate(ValueLayout.JAVA_INT, rows);
      this.summed = arena.allocate(ValueLayout.JAVA_INT, rows);
      this.distances = arena.allocate(ValueLayout.JAVA_FLOAT, rows);
      long bounded = groups == 0 ? 0 : rows;
      this.upper = arena.allocate(ValueLayout.JAVA_FLOAT, bounded);
      this.lower = arena.allocate(ValueLayout.JAVA_FLOAT, Math.multiplyExact(bounded, groups));
      forget(rows);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Takes the first rows out of their clusters. */
  void forget(long rows) {
    long bytes = rows * Integer.BYTES;
    labels.asSlice(0, bytes).fill((byte) NONE);
    summed.asSlice(0, bytes).fill((byte) NONE);
  }

  /** Puts all rows into one cluster. */
  void labelAll(int cluster) {
    for (long row = 0; row < labels.byteSize() / Integer.BYTES; row++) {
      label(row, cluster);
    }
  }

  int label(long row) {
    return labels.getAtIndex(ValueLayout.JAVA_INT, row);
  }

  void label(long row, int cluster) {
    labels.setAtIndex(ValueLayout.JAVA_INT, row, cluster);
  }

  /** The cluster in whose sums a row is, or {@link #NONE}. */
  int summed(long row) {
    return summed.getAtIndex(ValueLayout.JAVA_INT, row);
  }

  void summed(long row, int cluster) {
    summed.setAtIndex(ValueLayout.JAVA_INT, row, cluster);
  }

  /** The squared distance from the centroid of the label, when it was measured last. */
  float distance(long row) {
    return distances.getAtIndex(ValueLayout.JAVA_FLOAT, row);
  }

  void distance(long row, float squared) {
    distances.setAtIndex(ValueLayout.JAVA_FLOAT, row, squared);
  }

  /** Whether there are bounds at all. */
  boolean bounded() {
    return groups > 0;
  }

  /** Keeps a bound as in {@link Copy#upper}, rounded up. */
  void upper(long row, double bound) {
    upper.setAtIndex(
        ValueLayout.JAVA_FLOAT, row, (float) (bound * (bound > 0 ? 1 + OUTWARDS : 1 - OUTWARDS)));
  }

  /** Keeps a bound as in {@link Copy#lower}, rounded down. */
  void lower(long row, int group, double bound) {
    float kept = (float) (bound * (bound > 0 ? 1 - OUTWARDS : 1 + OUTWARDS));
    lower.setAtIndex(ValueLayout.JAVA_FLOAT, row * groups + group, kept);
  }

  /**
   * Copies labels and bounds.
   *
   * @param target receives {@code count} rows
   */
  void copyTo(long first, int count, Copy target) {
    MemorySegment.copy(
        labels, ValueLayout.JAVA_INT, first * Integer.BYTES, target.labels, 0, count);
    if (bounded()) {
      MemorySegment.copy(
          upper, ValueLayout.JAVA_FLOAT, first * Float.BYTES, target.upper, 0, count);
      MemorySegment.copy(
          lower,
          ValueLayout.JAVA_FLOAT,
          first * groups * Float.BYTES,
          target.lower,
          0,
          count * groups);
    }
  }

  /**
   * Labels and bounds of some rows in arrays: nearly all rows are looked at in every pass, and few
   * of them more than that.
   */
  static final class Copy {
    private final int[] labels;
    private final float[] upper;
    private final float[] lower;

    Copy(int rows, int groups) {
      this.labels = new int[rows];
      this.upper = new float[rows];
      this.lower = new float[rows * groups];
    }

    int[] labels() {
      return labels;
    }

    /**
     * At least a row's distance from the centroid of its label, less that one's {@link
     * CentroidTable#ways}.
     */
    float[] upper() {
      return upper;
    }

    /**
     * For each group, at most a row's distance from any centroid but that of its label, plus the
     * group's {@link CentroidTable#longestWays}: nothing need be written when centroids move.
     */
    float[] lower() {
      return lower;
    }
  }

  /** Gives a row to a cluster that need not be its nearest: its bounds hold nothing off then. */
  void give(long row, int cluster) {
    label(row, cluster);
    summed(row, cluster);
    if (bounded()) {
      upper(row, Double.POSITIVE_INFINITY);
    }
    for (int group = 0; group < groups; group++) {
      lower(row, group, Double.NEGATIVE_INFINITY);
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
