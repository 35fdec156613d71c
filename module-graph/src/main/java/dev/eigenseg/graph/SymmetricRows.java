package dev.eigenseg.graph;

import dev.eigenseg.api.internal.kernel.Parallel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Owns a sparse symmetric matrix in compressed rows outside the heap: long row pointers, unsigned
 * int columns in rising order within a row, float32 values. Thread-safe for reading once it is
 * filled.
 */
final class SymmetricRows implements AutoCloseable {
  /** How the two directions of an edge become one value. */
  enum Union {
    /** (S + S^T) / 2: an edge that only one side chose keeps half its weight. */
    MEAN,
    /** The larger of the two. */
    MAX;

    float of(float forward, float backward) {
      return this == MEAN ? 0.5f * (forward + backward) : Math.max(forward, backward);
    }
  }

  // Below this many edges a second thread costs more than it saves.
  private static final long EDGES_PER_THREAD = 1 << 16;
  private static final long ROWS_PER_TASK = 1 << 12;

  private final Arena arena;
  private final long rows;
  private final MemorySegment pointers;
  private MemorySegment columns = MemorySegment.NULL;
  private MemorySegment values = MemorySegment.NULL;

  @SuppressWarnings("MustBeClosedChecker")
  private SymmetricRows(long rows) {
    this.arena = Arena.ofShared();
    this.rows = rows;
    try {
      this.pointers = arena.allocate(Math.multiplyExact(rows + 1, Long.BYTES), Long.BYTES);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  long rows() {
    return rows;
  }

  long entries() {
    return pointer(rows);
  }

  long pointer(long row) {
    return pointers.getAtIndex(ValueLayout.JAVA_LONG, row);
  }

  MemorySegment pointers() {
    return pointers;
  }

  MemorySegment columns() {
    return columns;
  }

  MemorySegment values() {
    return values;
  }

  long column(long entry) {
    return Integer.toUnsignedLong(columns.getAtIndex(ValueLayout.JAVA_INT, entry));
  }

  float value(long entry) {
    return values.getAtIndex(ValueLayout.JAVA_FLOAT, entry);
  }

  /**
   * Symmetrises neighbour lists. Only edges of positive weight exist; a row's list names a
   * neighbour with positive weight at most once. Needs 8 bytes an edge beside the result (a
   * counting transposition; no hash maps).
   *
   * @param ids {@code [rows, width]} unsigned ints
   * @param weights {@code [rows, width]} floats
   */
  static SymmetricRows symmetrize(
      long rows, int width, MemorySegment ids, MemorySegment weights, Union union, int threads) {
    long edges = Math.multiplyExact(rows, width);
    int workers = Math.clamp(edges / EDGES_PER_THREAD, 1, threads);
    SymmetricRows result = new SymmetricRows(rows);
    try (Transposed incoming = Transposed.of(rows, width, ids, weights, workers)) {
      result.forEachTask(
          workers,
          (first, end) -> {
            OutgoingRow outgoing = new OutgoingRow(width);
            for (long u = first; u < end; u++) {
              outgoing.read(ids, weights, u);
              result.pointers.setAtIndex(
                  ValueLayout.JAVA_LONG, u + 1, unionSize(outgoing, incoming, u));
            }
          });
      result.allocateEntries();
      result.forEachTask(
          workers,
          (first, end) -> {
            OutgoingRow outgoing = new OutgoingRow(width);
            for (long u = first; u < end; u++) {
              outgoing.read(ids, weights, u);
              result.fillUnion(outgoing, incoming, u, union);
            }
          });
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  /** The weighted sum a + alpha b of two matrices of equal size. */
  static SymmetricRows sum(SymmetricRows a, float alpha, SymmetricRows b, int threads) {
    int workers = Math.clamp(a.entries() / EDGES_PER_THREAD, 1, threads);
    SymmetricRows result = new SymmetricRows(a.rows);
    try {
      result.forEachTask(
          workers,
          (first, end) -> {
            for (long u = first; u < end; u++) {
              result.pointers.setAtIndex(ValueLayout.JAVA_LONG, u + 1, mergedSize(a, b, u));
            }
          });
      result.allocateEntries();
      result.forEachTask(
          workers,
          (first, end) -> {
            for (long u = first; u < end; u++) {
              result.fillSum(a, alpha, b, u);
            }
          });
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  /**
   * Replaces A by D^-1/2 A D^-1/2 with D = diag(A 1); rows of degree 0 have no entries and stay
   * empty.
   */
  void normalize(int threads) {
    int workers = Math.clamp(entries() / EDGES_PER_THREAD, 1, threads);
    try (Arena temporary = Arena.ofShared()) {
      MemorySegment roots = temporary.allocate(ValueLayout.JAVA_DOUBLE, Math.max(rows, 1));
      forEachTask(
          workers,
          (first, end) -> {
            for (long u = first; u < end; u++) {
              roots.setAtIndex(ValueLayout.JAVA_DOUBLE, u, 1 / Math.sqrt(degree(u)));
            }
          });
      forEachTask(
          workers,
          (first, end) -> {
            for (long u = first; u < end; u++) {
              double root = roots.getAtIndex(ValueLayout.JAVA_DOUBLE, u);
              for (long p = pointer(u); p < pointer(u + 1); p++) {
                // The product of the roots first: it commutes, so the result is symmetric to the
                // bit.
                double both = root * roots.getAtIndex(ValueLayout.JAVA_DOUBLE, column(p));
                values.setAtIndex(ValueLayout.JAVA_FLOAT, p, (float) (value(p) * both));
              }
            }
          });
    }
  }

  private double degree(long row) {
    double sum = 0;
    for (long p = pointer(row); p < pointer(row + 1); p++) {
      sum += value(p);
    }
    return sum;
  }

  private interface RangeTask {
    void run(long first, long end);
  }

  private void forEachTask(int workers, RangeTask task) {
    long tasks = (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
    Parallel.forEach(
        workers, tasks, t -> task.run(t * ROWS_PER_TASK, Math.min((t + 1) * ROWS_PER_TASK, rows)));
  }

  /** Turns the row lengths in the pointers into offsets and makes room for the entries. */
  private void allocateEntries() {
    long total = 0;
    for (long u = 1; u <= rows; u++) {
      total += pointers.getAtIndex(ValueLayout.JAVA_LONG, u);
      pointers.setAtIndex(ValueLayout.JAVA_LONG, u, total);
    }
    columns = arena.allocate(ValueLayout.JAVA_INT, Math.max(total, 1));
    values = arena.allocate(ValueLayout.JAVA_FLOAT, Math.max(total, 1));
  }

  private void put(long entry, long column, float value) {
    columns.setAtIndex(ValueLayout.JAVA_INT, entry, (int) column);
    values.setAtIndex(ValueLayout.JAVA_FLOAT, entry, value);
  }

  private static long unionSize(OutgoingRow outgoing, Transposed incoming, long u) {
    int i = 0;
    long j = incoming.begin(u);
    long end = incoming.begin(u + 1);
    long size = 0;
    while (i < outgoing.size && j < end) {
      long forward = outgoing.id(i);
      long backward = incoming.source(j);
      i += forward <= backward ? 1 : 0;
      j += backward <= forward ? 1 : 0;
      size++;
    }
    return size + (outgoing.size - i) + (end - j);
  }

  private void fillUnion(OutgoingRow outgoing, Transposed incoming, long u, Union union) {
    int i = 0;
    long j = incoming.begin(u);
    long end = incoming.begin(u + 1);
    long entry = pointer(u);
    while (i < outgoing.size || j < end) {
      long forward = i < outgoing.size ? outgoing.id(i) : Long.MAX_VALUE;
      long backward = j < end ? incoming.source(j) : Long.MAX_VALUE;
      float there = forward <= backward ? outgoing.weight(i++) : 0;
      float back = backward <= forward ? incoming.weight(j++) : 0;
      put(entry++, Math.min(forward, backward), union.of(there, back));
    }
  }

  private static long mergedSize(SymmetricRows a, SymmetricRows b, long u) {
    long i = a.pointer(u);
    long j = b.pointer(u);
    long aEnd = a.pointer(u + 1);
    long bEnd = b.pointer(u + 1);
    long size = 0;
    while (i < aEnd && j < bEnd) {
      long left = a.column(i);
      long right = b.column(j);
      i += left <= right ? 1 : 0;
      j += right <= left ? 1 : 0;
      size++;
    }
    return size + (aEnd - i) + (bEnd - j);
  }

  private void fillSum(SymmetricRows a, float alpha, SymmetricRows b, long u) {
    long i = a.pointer(u);
    long j = b.pointer(u);
    long aEnd = a.pointer(u + 1);
    long bEnd = b.pointer(u + 1);
    long entry = pointer(u);
    while (i < aEnd || j < bEnd) {
      long left = i < aEnd ? a.column(i) : Long.MAX_VALUE;
      long right = j < bEnd ? b.column(j) : Long.MAX_VALUE;
      float sum = left <= right ? a.value(i++) : 0;
      if (right <= left) {
        sum += alpha * b.value(j++);
      }
      put(entry++, Math.min(left, right), sum);
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /**
   * The chosen neighbours of one row by rising id: id and weight packed into one long, so that
   * sorting moves both.
   */
  private static final class OutgoingRow {
    private final int width;
    private final long[] packed;
    private int size;

    OutgoingRow(int width) {
      this.width = width;
      this.packed = new long[width];
    }

    void read(MemorySegment ids, MemorySegment weights, long row) {
      size = 0;
      for (long p = row * width; p < (row + 1) * width; p++) {
        float weight = weights.getAtIndex(ValueLayout.JAVA_FLOAT, p);
        if (weight > 0) {
          // Flipping the top bit makes the signed order of longs the unsigned order of ids.
          long id = ids.getAtIndex(ValueLayout.JAVA_INT, p) ^ Integer.MIN_VALUE;
          packed[size++] = id << 32 | Float.floatToRawIntBits(weight);
        }
      }
      Arrays.sort(packed, 0, size);
    }

    long id(int i) {
      return Integer.toUnsignedLong((int) (packed[i] >>> 32) ^ Integer.MIN_VALUE);
    }

    float weight(int i) {
      return Float.intBitsToFloat((int) packed[i]);
    }
  }

  /**
   * Owns the reversed edges: for every row who chose it, by rising id because sources are visited
   * in that order.
   */
  private static final class Transposed implements AutoCloseable {
    private final Arena arena;
    private final MemorySegment pointers;
    private final MemorySegment sources;
    private final MemorySegment weights;

    private Transposed(
        Arena arena, MemorySegment pointers, MemorySegment sources, MemorySegment weights) {
      this.arena = arena;
      this.pointers = pointers;
      this.sources = sources;
      this.weights = weights;
    }

    /**
     * Every worker scans all edges and keeps those into its own range of rows: no locks, and the
     * order stays fixed.
     */
    @SuppressWarnings("MustBeClosedChecker")
    static Transposed of(
        long rows, int width, MemorySegment ids, MemorySegment weights, int workers) {
      Arena arena = Arena.ofShared();
      try {
        MemorySegment pointers = arena.allocate(ValueLayout.JAVA_LONG, rows + 1);
        long edges = rows * width;
        Parallel.forEach(
            workers,
            workers,
            w -> {
              long first = rows * w / workers;
              long end = rows * (w + 1) / workers;
              for (long p = 0; p < edges; p++) {
                long v = Integer.toUnsignedLong(ids.getAtIndex(ValueLayout.JAVA_INT, p));
                if (v >= first && v < end && weights.getAtIndex(ValueLayout.JAVA_FLOAT, p) > 0) {
                  long count = pointers.getAtIndex(ValueLayout.JAVA_LONG, v);
                  pointers.setAtIndex(ValueLayout.JAVA_LONG, v, count + 1);
                }
              }
            });
        long total = 0;
        for (long v = 0; v < rows; v++) {
          long count = pointers.getAtIndex(ValueLayout.JAVA_LONG, v);
          pointers.setAtIndex(ValueLayout.JAVA_LONG, v, total);
          total += count;
        }
        MemorySegment sources = arena.allocate(ValueLayout.JAVA_INT, Math.max(total, 1));
        MemorySegment copies = arena.allocate(ValueLayout.JAVA_FLOAT, Math.max(total, 1));
        Parallel.forEach(
            workers,
            workers,
            w -> {
              long first = rows * w / workers;
              long end = rows * (w + 1) / workers;
              for (long p = 0; p < edges; p++) {
                long v = Integer.toUnsignedLong(ids.getAtIndex(ValueLayout.JAVA_INT, p));
                float weight = weights.getAtIndex(ValueLayout.JAVA_FLOAT, p);
                if (v >= first && v < end && weight > 0) {
                  long cursor = pointers.getAtIndex(ValueLayout.JAVA_LONG, v);
                  sources.setAtIndex(ValueLayout.JAVA_INT, cursor, (int) (p / width));
                  copies.setAtIndex(ValueLayout.JAVA_FLOAT, cursor, weight);
                  pointers.setAtIndex(ValueLayout.JAVA_LONG, v, cursor + 1);
                }
              }
            });
        // The cursors have moved to the ends of their rows, which are the next rows' beginnings:
        // shift them back by one.
        MemorySegment.copy(pointers, 0, pointers, Long.BYTES, rows * Long.BYTES);
        pointers.setAtIndex(ValueLayout.JAVA_LONG, 0, 0L);
        return new Transposed(arena, pointers, sources, copies);
      } catch (RuntimeException | Error e) {
        arena.close();
        throw e;
      }
    }

    long begin(long row) {
      return pointers.getAtIndex(ValueLayout.JAVA_LONG, row);
    }

    long source(long entry) {
      return Integer.toUnsignedLong(sources.getAtIndex(ValueLayout.JAVA_INT, entry));
    }

    float weight(long entry) {
      return weights.getAtIndex(ValueLayout.JAVA_FLOAT, entry);
    }

    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
