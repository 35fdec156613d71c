package dev.eigenseg.graph.kernel;

import java.util.Arrays;

/**
 * The chosen neighbours of one row by rising id: id and weight packed into one long, so that
 * sorting moves both. For one thread.
 */
final class OutgoingRow {
  private final DirectedEdges edges;
  private final long[] packed;
  private int size;

  OutgoingRow(DirectedEdges edges) {
    this.edges = edges;
    this.packed = new long[edges.width()];
  }

  void read(long row) {
    size = 0;
    for (long place = edges.place(row); place < edges.place(row + 1); place++) {
      float weight = edges.weight(place);
      if (weight > 0) {
        // Flipping the top bit makes the signed order of longs the unsigned order of ids.
        long id = edges.id(place) ^ 1L << 31;
        packed[size++] = id << 32 | Float.floatToRawIntBits(weight);
      }
    }
    Arrays.sort(packed, 0, size);
  }

  int size() {
    return size;
  }

  long id(int i) {
    return Integer.toUnsignedLong((int) (packed[i] >>> 32) ^ Integer.MIN_VALUE);
  }

  float weight(int i) {
    return Float.intBitsToFloat((int) packed[i]);
  }
}
