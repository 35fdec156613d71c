package dev.eigenseg.graph.rows;

import dev.eigenseg.api.internal.resource.LargeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Owns the best candidates found so far for a strip of rows, outside the heap, as {@link Neighbor}
 * keys.
 *
 * <p>Rows are independent; whoever touches a row must hold its block's lock.
 */
public final class Candidates implements AutoCloseable {
  // A buffer of twice k drops k at a time, so a candidate costs a constant; tiny ones would do it
  // too often.
  private static final int SMALLEST_CAPACITY = 64;

  private final Arena arena;
  private final int k;
  private final int capacity;
  private final MemorySegment keys;
  private final MemorySegment thresholds;
  private final long[] thresholdKeys;
  private final int[] counts;

  /**
   * Room for the candidates of rows.
   *
   * @param rows places, at most 2^31 - 1
   * @param k candidates of a row that are wanted
   * @param capacity candidates of a row that are held until the worst are dropped, more than k
   */
  @SuppressWarnings("MustBeClosedChecker")
  public Candidates(long rows, int k, int capacity) {
    this.k = k;
    this.capacity = capacity;
    int places = Math.toIntExact(rows);
    this.thresholdKeys = new long[places];
    this.counts = new int[places];
    Arrays.fill(thresholdKeys, Long.MIN_VALUE);
    this.arena = Arena.ofShared();
    try {
      long bytes = Math.multiplyExact(rows, Math.multiplyExact((long) capacity, Long.BYTES));
      this.keys = LargeMemory.allocate(arena, bytes);
      this.thresholds = arena.allocate(rows * Float.BYTES, 64);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
    for (long row = 0; row < rows; row++) {
      thresholds.setAtIndex(ValueLayout.JAVA_FLOAT, row, Float.NEGATIVE_INFINITY);
    }
  }

  /** The capacity that suits k. */
  public static int capacityFor(int k) {
    return Math.max(SMALLEST_CAPACITY, Math.multiplyExact(2, k));
  }

  /**
   * How many candidates a row takes in, with the capacity that suits k: its buffer once, then k
   * more each time the rows that it has seen have doubled.
   */
  public static double expected(int k, long seen) {
    double capacity = capacityFor(k);
    return capacity + k * Math.max(0, Math.log(seen / capacity) / Math.log(2));
  }

  /** Bytes of a row, heap and off-heap together. */
  public static long bytesPerRow(int capacity) {
    return (long) capacity * Long.BYTES + Float.BYTES + Long.BYTES + Integer.BYTES;
  }

  /**
   * The similarities below which no candidate of a row can be among its k best, one float a row.
   */
  public MemorySegment thresholds() {
    return thresholds;
  }

  /** The similarity below which no candidate of a row can be among its k best. */
  public float threshold(int row) {
    return thresholds.getAtIndex(ValueLayout.JAVA_FLOAT, row);
  }

  /**
   * Adds a candidate if it can still be among the k best.
   *
   * @param scratch at least {@code capacity} longs, overwritten
   */
  public void offer(int row, long key, long[] scratch) {
    if (key <= thresholdKeys[row]) {
      return;
    }
    long first = (long) row * capacity;
    keys.setAtIndex(ValueLayout.JAVA_LONG, first + counts[row], key);
    if (++counts[row] == capacity) {
      keepBest(row, first, scratch);
    }
  }

  private void keepBest(int row, long first, long[] scratch) {
    MemorySegment.copy(keys, ValueLayout.JAVA_LONG, first * Long.BYTES, scratch, 0, capacity);
    long worst = moveLargestToFront(scratch, capacity, k);
    MemorySegment.copy(scratch, 0, keys, ValueLayout.JAVA_LONG, first * Long.BYTES, k);
    counts[row] = k;
    bound(row, worst);
  }

  private void bound(int row, long worst) {
    thresholdKeys[row] = worst;
    thresholds.setAtIndex(ValueLayout.JAVA_FLOAT, row, Neighbor.similarity(worst));
  }

  /**
   * Quickselect: afterwards the first {@code k} of {@code n} values are the largest; returns the
   * least of them. The partition is Lomuto's without a branch in its loop: values come in random
   * order, and a processor that guesses which side they belong to guesses wrong half of the time.
   */
  public static long moveLargestToFront(long[] values, int n, int k) {
    int low = 0;
    int high = n - 1;
    while (low < high) {
      int middle = partition(values, low, high);
      if (middle < k - 1) {
        low = middle + 1;
      } else if (middle > k - 1) {
        high = middle - 1;
      } else {
        break;
      }
    }
    return values[k - 1];
  }

  /** Moves larger values before a pivot, and returns where that is. */
  private static int partition(long[] values, int low, int high) {
    swap(values, pivot(values, low, high), high);
    long pivot = values[high];
    int larger = low;
    for (int i = low; i < high; i++) {
      long value = values[i];
      values[i] = values[larger];
      values[larger] = value;
      larger += value > pivot ? 1 : 0;
    }
    swap(values, larger, high);
    return larger;
  }

  /** The place of about the middle value: of three, or of three threes (Tukey's ninther). */
  private static int pivot(long[] values, int low, int high) {
    int middle = (low + high) >>> 1;
    int step = (high - low) / 8;
    if (step < 8) {
      return median(values, low, middle, high);
    }
    return median(
        values,
        median(values, low, low + step, low + 2 * step),
        median(values, middle - step, middle, middle + step),
        median(values, high - 2 * step, high - step, high));
  }

  private static int median(long[] values, int a, int b, int c) {
    if (values[a] < values[b]) {
      return values[b] < values[c] ? b : values[a] < values[c] ? c : a;
    }
    return values[a] < values[c] ? a : values[b] < values[c] ? c : b;
  }

  private static void swap(long[] values, int a, int b) {
    long value = values[a];
    values[a] = values[b];
    values[b] = value;
  }

  /** Whether a row has seen at least k candidates. */
  public boolean complete(int row) {
    return counts[row] >= k;
  }

  /** Writes the k best of a row in their order, filled up as {@link NeighborRows} says. */
  public void write(int row, long targetRow, NeighborLists lists, long[] scratch) {
    int count = counts[row];
    MemorySegment.copy(
        keys, ValueLayout.JAVA_LONG, (long) row * capacity * Long.BYTES, scratch, 0, count);
    NeighborSort.sort(scratch, count);
    lists.write(targetRow, scratch, count);
  }

  /**
   * Writes the k best of a row in no order but that the least of k stands last, for {@link #load}
   * to take back, which needs no order.
   */
  public void writeUnordered(int row, long targetRow, NeighborLists lists, long[] scratch) {
    int count = counts[row];
    MemorySegment.copy(
        keys, ValueLayout.JAVA_LONG, (long) row * capacity * Long.BYTES, scratch, 0, count);
    if (count >= k) {
      moveLargestToFront(scratch, count, k);
      swap(scratch, 0, k - 1);
    }
    lists.write(targetRow, scratch, Math.min(count, k));
  }

  /** Takes back what {@link #write} or {@link #writeUnordered} wrote; the row is empty before. */
  public void load(int row, long sourceRow, MemorySegment ids, MemorySegment similarities) {
    long first = (long) row * capacity;
    for (int i = 0; i < k; i++) {
      float similarity = similarities.getAtIndex(ValueLayout.JAVA_FLOAT, sourceRow * k + i);
      if (Float.isNaN(similarity)) {
        return;
      }
      int id = ids.getAtIndex(ValueLayout.JAVA_INT, sourceRow * k + i);
      long key = Neighbor.key(similarity, Integer.toUnsignedLong(id));
      keys.setAtIndex(ValueLayout.JAVA_LONG, first + i, key);
      counts[row] = i + 1;
    }
    bound(row, keys.getAtIndex(ValueLayout.JAVA_LONG, first + k - 1));
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
