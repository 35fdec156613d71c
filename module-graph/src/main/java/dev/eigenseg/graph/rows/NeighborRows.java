package dev.eigenseg.graph.rows;

import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Neighbour lists of rows, k a row by falling similarity, ties by lower id. A row that has fewer is
 * filled up with id -1 and similarity NaN. Thread-safe.
 */
public interface NeighborRows {
  /**
   * Copies lists.
   *
   * @param ids receives {@code count * k} ids in native order
   * @param similarities receives as many floats
   */
  void read(long firstRow, int count, MemorySegment ids, MemorySegment similarities)
      throws IOException;

  /** The rows of a result, i32 and float32 {@code [rows, k]}, which are borrowed. */
  static NeighborRows of(Tensor ids, Tensor similarities) {
    MemorySegment allIds = ids.segment();
    MemorySegment allSimilarities = similarities.segment();
    long rowBytes = ids.size(1) * Integer.BYTES;
    return (firstRow, count, someIds, someSimilarities) -> {
      long offset = firstRow * rowBytes;
      MemorySegment.copy(allIds, offset, someIds, 0, count * rowBytes);
      MemorySegment.copy(allSimilarities, offset, someSimilarities, 0, count * rowBytes);
    };
  }
}
