package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.internal.kernel.Parallel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns a sparse symmetric matrix in compressed rows outside the heap: long row pointers, and
 * entries of 8 bytes in a {@link Spool}: an unsigned int column, rising within a row, and a float32
 * value. Thread-safe for reading.
 */
final class SymmetricRows implements AutoCloseable {
  static final long ENTRY_BYTES = 8;

  // Below this many entries a second thread costs more than it saves.
  private static final long ENTRIES_PER_THREAD = 1 << 16;
  private static final long ROWS_PER_TASK = 1 << 12;

  private final Arena arena;
  private final long rows;
  private final MemorySegment pointers;
  private final Spool entries;
  private final Workspace space;

  /**
   * Owns arena and entries from here on.
   *
   * @param pointers where each row begins, and the last one ends, counted in entries
   * @param space what working on all rows may take
   */
  SymmetricRows(Arena arena, long rows, MemorySegment pointers, Spool entries, Workspace space) {
    this.arena = arena;
    this.rows = rows;
    this.pointers = pointers;
    this.entries = entries;
    this.space = space;
  }

  long rows() {
    return rows;
  }

  long entries() {
    return pointer(rows);
  }

  Workspace space() {
    return space;
  }

  /** The number of entries in the rows before this one. */
  long pointer(long row) {
    return pointers.getAtIndex(ValueLayout.JAVA_LONG, row);
  }

  static void put(MemorySegment target, long entry, long column, float value) {
    target.set(ValueLayout.JAVA_INT, entry * ENTRY_BYTES, (int) column);
    setValue(target, entry, value);
  }

  static void setValue(MemorySegment target, long entry, float value) {
    target.set(ValueLayout.JAVA_FLOAT, entry * ENTRY_BYTES + 4, value);
  }

  static long column(MemorySegment source, long entry) {
    return Integer.toUnsignedLong(source.get(ValueLayout.JAVA_INT, entry * ENTRY_BYTES));
  }

  static float value(MemorySegment source, long entry) {
    return source.get(ValueLayout.JAVA_FLOAT, entry * ENTRY_BYTES + 4);
  }

  /** Owns, or borrows, the entries of a few rows; they are counted from the first. */
  final class Window implements AutoCloseable {
    private final Spool.Window window;
    private final long base;

    private Window(Spool.Window window, long base) {
      this.window = window;
      this.base = base;
    }

    MemorySegment entries() {
      return window.bytes();
    }

    /** A row's first entry; the next row's first is behind its last. */
    long begin(long row) {
      return pointer(row) - base;
    }

    @Override
    public void close() {
      window.close();
    }
  }

  /** Rows to read from any thread. */
  Window window(long first, long end) throws IOException {
    return new Window(entries.read(offset(first), offset(end) - offset(first)), pointer(first));
  }

  /** Rows to read in this thread alone. */
  Window windowHere(long first, long end) throws IOException {
    return new Window(entries.readHere(offset(first), offset(end) - offset(first)), pointer(first));
  }

  private long offset(long row) {
    return pointer(row) * ENTRY_BYTES;
  }

  /**
   * Where a piece of work ends that begins at a row, if it may take so many entries; at least one
   * row.
   */
  long endOfPiece(long first, long most) {
    long low = Math.min(first + 1, rows);
    long high = rows;
    while (low < high) {
      long middle = (low + high + 1) >>> 1;
      if (pointer(middle) - pointer(first) <= most) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /**
   * Replaces A by D^-1/2 A D^-1/2 with D = diag(A 1); rows of degree 0 have no entries and stay
   * empty.
   */
  void normalize(int threads) throws IOException {
    try (Arena temporary = Arena.ofShared()) {
      MemorySegment roots = temporary.allocate(ValueLayout.JAVA_DOUBLE, Math.max(rows, 1));
      long most = Math.max(1, space.bytes() / ENTRY_BYTES);
      for (long first = 0; first < rows; first = endOfPiece(first, most)) {
        measure(roots, first, endOfPiece(first, most), threads);
      }
      for (long first = 0; first < rows; first = endOfPiece(first, most)) {
        scale(roots, first, endOfPiece(first, most), threads);
      }
    }
  }

  private void measure(MemorySegment roots, long first, long end, int threads) throws IOException {
    try (Window window = window(first, end)) {
      forEachTask(
          first,
          end,
          workers(pointer(end) - pointer(first), threads),
          (from, to) -> {
            for (long row = from; row < to; row++) {
              double degree = 0;
              for (long p = window.begin(row); p < window.begin(row + 1); p++) {
                degree += value(window.entries(), p);
              }
              roots.setAtIndex(ValueLayout.JAVA_DOUBLE, row, 1 / Math.sqrt(degree));
            }
          });
    }
  }

  private void scale(MemorySegment roots, long first, long end, int threads) throws IOException {
    long base = pointer(first);
    entries.change(
        offset(first),
        offset(end) - offset(first),
        bytes ->
            forEachTask(
                first,
                end,
                workers(pointer(end) - base, threads),
                (from, to) -> {
                  for (long row = from; row < to; row++) {
                    double root = roots.getAtIndex(ValueLayout.JAVA_DOUBLE, row);
                    for (long p = pointer(row) - base; p < pointer(row + 1) - base; p++) {
                      // The product of the roots first: it commutes, so the result is symmetric to
                      // the bit.
                      double both =
                          root * roots.getAtIndex(ValueLayout.JAVA_DOUBLE, column(bytes, p));
                      setValue(bytes, p, (float) (value(bytes, p) * both));
                    }
                  }
                }));
  }

  interface RangeTask {
    void run(long first, long end);
  }

  static int workers(long entries, int threads) {
    return Math.clamp(entries / ENTRIES_PER_THREAD, 1, threads);
  }

  static void forEachTask(long first, long end, int workers, RangeTask task) {
    long tasks = (end - first + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
    Parallel.forEach(
        workers,
        tasks,
        t -> {
          long from = first + t * ROWS_PER_TASK;
          task.run(from, Math.min(from + ROWS_PER_TASK, end));
        });
  }

  @Override
  public void close() {
    try (entries) {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
