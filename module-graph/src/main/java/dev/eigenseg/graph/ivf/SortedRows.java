package dev.eigenseg.graph.ivf;

import dev.eigenseg.graph.rows.RowRange;
import java.lang.foreign.MemorySegment;

/**
 * Rows sorted by list, within a list by id, or some that follow each other in this order; a row's
 * place in it is its position. Thread-safe.
 */
interface SortedRows {
  /** The positions. */
  RowRange range();

  /** The id of the row at a position. */
  long id(long position);

  /** A list that the row at a position looks into; place 0 is the list that it is in. */
  int list(long position, int place);

  /** Copies the row at a position, divided by its norm. */
  void read(long position, MemorySegment target, long offset);

  /** Whether the row at a position looks into a list with so many probes. */
  default boolean looksInto(long position, int list, int probes) {
    int place = 0;
    while (place < probes && list(position, place) != list) {
      place++;
    }
    return place < probes;
  }
}
