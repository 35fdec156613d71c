package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.internal.file.SafeTensors;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Neighbour lists of consecutive rows. Only edges of positive weight exist; a list names a
 * neighbour with positive weight at most once.
 *
 * @param firstRow the row of the first list
 * @param rows how many lists
 * @param width places of a list
 * @param ids unsigned ints, {@code [rows, width]}; borrowed
 * @param weights floats, {@code [rows, width]}; borrowed
 */
record DirectedEdges(
    long firstRow, long rows, int width, MemorySegment ids, MemorySegment weights) {
  // Pages of a mapped file are given back after so many bytes.
  private static final long WINDOW_BYTES = 16L << 20;

  /** Hears of edges. */
  interface Visitor {
    void edge(long source, long target, float weight);
  }

  long endRow() {
    return firstRow + rows;
  }

  /** Visits all edges, sources rising; of a mapped file only a window stays in memory. */
  void forEach(Visitor visitor) {
    long step = Math.max(1, WINDOW_BYTES / ((long) width * Integer.BYTES + 1));
    for (long first = firstRow; first < endRow(); first += step) {
      long end = Math.min(first + step, endRow());
      for (long source = first; source < end; source++) {
        for (long place = place(source); place < place(source + 1); place++) {
          float weight = weight(place);
          if (weight > 0) {
            visitor.edge(source, id(place), weight);
          }
        }
      }
      release(first, end);
    }
  }

  /** Says that the lists of rows will not be read again soon. */
  void release(long first, long end) {
    long offset = place(first) * Integer.BYTES;
    long bytes = (place(end) - place(first)) * Integer.BYTES;
    SafeTensors.release(ids.asSlice(offset, bytes));
    SafeTensors.release(weights.asSlice(offset, bytes));
  }

  /** Where a row's list begins. */
  long place(long row) {
    return (row - firstRow) * width;
  }

  long id(long place) {
    return Integer.toUnsignedLong(ids.getAtIndex(ValueLayout.JAVA_INT, place));
  }

  float weight(long place) {
    return weights.getAtIndex(ValueLayout.JAVA_FLOAT, place);
  }
}
