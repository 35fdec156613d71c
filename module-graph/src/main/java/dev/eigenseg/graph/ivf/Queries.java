package dev.eigenseg.graph.ivf;

import dev.eigenseg.graph.rows.RowRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns, for some lists, the positions of the rows that look into them, rising: the probes of these
 * rows, transposed.
 */
final class Queries implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final int firstList;
  private final long[] begin;
  private final MemorySegment positions;

  private Queries(SortedRows rows, ListBlocks columns, int firstPlace, int probes) {
    this.firstList = columns.firstList();
    this.begin = new long[columns.lists() + 1];
    forEach(rows, firstPlace, probes, (list, position) -> begin[list + 1]++);
    for (int list = 0; list < columns.lists(); list++) {
      begin[list + 1] += begin[list];
    }
    try {
      this.positions = arena.allocate(ValueLayout.JAVA_INT, begin[columns.lists()]);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
    long[] next = begin.clone();
    forEach(
        rows,
        firstPlace,
        probes,
        (list, position) ->
            positions.setAtIndex(ValueLayout.JAVA_INT, next[list]++, (int) position));
  }

  /** The rows of other lists. */
  static Queries ofOthers(SortedRows rows, ListBlocks columns, int probes) {
    return new Queries(rows, columns, 1, probes);
  }

  /** All rows, those of a list itself included. */
  static Queries ofAll(SortedRows rows, ListBlocks columns, int probes) {
    return new Queries(rows, columns, 0, probes);
  }

  private interface Probe {
    void of(int list, long position);
  }

  private void forEach(SortedRows rows, int firstPlace, int probes, Probe probe) {
    int lists = begin.length - 1;
    RowRange range = rows.range();
    for (long at = range.first(); at < range.end(); at++) {
      for (int place = firstPlace; place < probes; place++) {
        int list = rows.list(at, place) - firstList;
        if (list >= 0 && list < lists) {
          probe.of(list, at);
        }
      }
    }
  }

  /** How many rows look into a list. */
  long count(int list) {
    return begin[list - firstList + 1] - begin[list - firstList];
  }

  /** The position of one of them. */
  long position(int list, long i) {
    return Integer.toUnsignedLong(
        positions.getAtIndex(ValueLayout.JAVA_INT, begin[list - firstList] + i));
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
