package dev.eigenseg.graph.ivf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The order of rows by list, within a list by id; in somebody else's arena, 8 bytes a row. */
final class ListOrder {
  private final MemorySegment ids;
  private final MemorySegment positions;
  private final long[] listBegin;

  /** Sorts the rows by the nearest of their lists. */
  ListOrder(Arena arena, RankedLists ranked, int lists) {
    long rows = ranked.rows();
    this.ids = arena.allocate(ValueLayout.JAVA_INT, rows);
    this.positions = arena.allocate(ValueLayout.JAVA_INT, rows);
    this.listBegin = new long[lists + 1];
    for (long row = 0; row < rows; row++) {
      listBegin[ranked.nearest(row) + 1]++;
    }
    for (int list = 0; list < lists; list++) {
      listBegin[list + 1] += listBegin[list];
    }
    long[] next = listBegin.clone();
    for (long row = 0; row < rows; row++) {
      long position = next[ranked.nearest(row)]++;
      ids.setAtIndex(ValueLayout.JAVA_INT, position, (int) row);
      positions.setAtIndex(ValueLayout.JAVA_INT, row, (int) position);
    }
  }

  /** The first position of every list, and behind the last; not to be changed. */
  long[] listBegin() {
    return listBegin;
  }

  /** The ids in the order of positions, unsigned ints. */
  MemorySegment ids() {
    return ids;
  }

  /** The id of the row at a position. */
  long id(long position) {
    return Integer.toUnsignedLong(ids.getAtIndex(ValueLayout.JAVA_INT, position));
  }

  /** The position of a row. */
  long position(long id) {
    return Integer.toUnsignedLong(positions.getAtIndex(ValueLayout.JAVA_INT, id));
  }

  /** The rows of a list. */
  long rows(int list) {
    return listBegin[list + 1] - listBegin[list];
  }
}
