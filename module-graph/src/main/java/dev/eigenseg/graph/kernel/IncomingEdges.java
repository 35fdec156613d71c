package dev.eigenseg.graph.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns, for consecutive rows, who chose them: by rising source within a row. Rows may be filled by
 * several threads, each by one.
 */
final class IncomingEdges implements AutoCloseable {
  static final long BYTES_PER_EDGE = 8;

  private final Arena arena;
  private final long firstRow;
  private final MemorySegment pointers;
  private final MemorySegment sources;
  private final MemorySegment weights;

  @SuppressWarnings("MustBeClosedChecker")
  IncomingEdges(long firstRow, long rows, long edges) {
    this.firstRow = firstRow;
    this.arena = Arena.ofShared();
    try {
      this.pointers = arena.allocate(ValueLayout.JAVA_LONG, rows + 1);
      this.sources = arena.allocate(ValueLayout.JAVA_INT, Math.max(edges, 1));
      this.weights = arena.allocate(ValueLayout.JAVA_FLOAT, Math.max(edges, 1));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Sets where a row's edges begin, which is where those of the row before it end. */
  void begin(long row, long edge) {
    pointers.setAtIndex(ValueLayout.JAVA_LONG, row - firstRow, edge);
  }

  /**
   * Places edges, in their order, into the rows from {@code first} to before {@code end}; others
   * are left out.
   *
   * @param records target, source and weight of every edge, as {@link Transposition} deals them
   */
  void place(MemorySegment records, long first, long end) {
    try (Arena temporary = Arena.ofConfined()) {
      MemorySegment cursors = temporary.allocate(ValueLayout.JAVA_LONG, Math.max(1, end - first));
      MemorySegment.copy(
          pointers, (first - firstRow) * Long.BYTES, cursors, 0, (end - first) * Long.BYTES);
      for (long p = 0; p < records.byteSize(); p += Transposition.RECORD_BYTES) {
        long target = Integer.toUnsignedLong(records.get(ValueLayout.JAVA_INT, p));
        if (target >= first && target < end) {
          long place = cursors.getAtIndex(ValueLayout.JAVA_LONG, target - first);
          cursors.setAtIndex(ValueLayout.JAVA_LONG, target - first, place + 1);
          sources.setAtIndex(ValueLayout.JAVA_INT, place, records.get(ValueLayout.JAVA_INT, p + 4));
          weights.setAtIndex(
              ValueLayout.JAVA_FLOAT, place, records.get(ValueLayout.JAVA_FLOAT, p + 8));
        }
      }
    }
  }

  /** The first edge into a row; the next row's first is behind its last. */
  long begin(long row) {
    return pointers.getAtIndex(ValueLayout.JAVA_LONG, row - firstRow);
  }

  long source(long edge) {
    return Integer.toUnsignedLong(sources.getAtIndex(ValueLayout.JAVA_INT, edge));
  }

  float weight(long edge) {
    return weights.getAtIndex(ValueLayout.JAVA_FLOAT, edge);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
