package dev.eigenseg.graph.vector;

import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.ValueLayout;

/**
 * The lists that a search fills; borrows both tensors.
 *
 * @param ids i32 (unsigned), {@code [rows, k]}
 * @param similarities f32, {@code [rows, k]}
 */
public record NeighborLists(Tensor ids, Tensor similarities, int k) {
  /**
   * Writes a row's list.
   *
   * @param keys the neighbours by rising {@link Neighbor#key}, at least k of them
   * @param count how many; the k largest are written
   */
  public void write(long row, long[] keys, int count) {
    for (int i = 0; i < k; i++) {
      long key = keys[count - 1 - i];
      ids.segment().setAtIndex(ValueLayout.JAVA_INT, row * k + i, Neighbor.id(key));
      similarities
          .segment()
          .setAtIndex(ValueLayout.JAVA_FLOAT, row * k + i, Neighbor.similarity(key));
    }
  }
}
