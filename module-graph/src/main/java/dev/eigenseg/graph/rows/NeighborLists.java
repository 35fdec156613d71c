package dev.eigenseg.graph.rows;

import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The lists that a search fills, as {@link NeighborRows} says; borrows both segments.
 *
 * @param ids ints (unsigned), k a row
 * @param similarities floats, k a row
 */
public record NeighborLists(MemorySegment ids, MemorySegment similarities, int k) {
  /** The lists of a result, i32 and float32 {@code [rows, k]}. */
  public static NeighborLists of(Tensor ids, Tensor similarities) {
    return new NeighborLists(ids.segment(), similarities.segment(), Math.toIntExact(ids.size(1)));
  }

  /**
   * Puts a row of lists in order.
   *
   * @param unordered has k neighbours a row in any order, filled up
   * @param scratch at least k longs, overwritten
   */
  public void writeOrdered(long row, NeighborLists unordered, long sourceRow, long[] scratch) {
    int count = 0;
    for (; count < k; count++) {
      long at = sourceRow * k + count;
      float similarity = unordered.similarities.getAtIndex(ValueLayout.JAVA_FLOAT, at);
      if (Float.isNaN(similarity)) {
        break;
      }
      int id = unordered.ids.getAtIndex(ValueLayout.JAVA_INT, at);
      scratch[count] = Neighbor.key(similarity, Integer.toUnsignedLong(id));
    }
    NeighborSort.sort(scratch, count);
    write(row, scratch, count);
  }

  /**
   * Writes a row's list, filled up where there are fewer than k neighbours.
   *
   * @param keys the neighbours by rising {@link Neighbor#key}
   * @param count how many; the k largest are written
   */
  public void write(long row, long[] keys, int count) {
    for (int i = 0; i < k; i++) {
      boolean found = i < count;
      long key = found ? keys[count - 1 - i] : 0;
      ids.setAtIndex(ValueLayout.JAVA_INT, row * k + i, found ? Neighbor.id(key) : -1);
      similarities.setAtIndex(
          ValueLayout.JAVA_FLOAT, row * k + i, found ? Neighbor.similarity(key) : Float.NaN);
    }
  }
}
