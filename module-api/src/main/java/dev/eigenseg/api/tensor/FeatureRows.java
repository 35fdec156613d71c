package dev.eigenseg.api.tensor;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * A matrix of feature rows that may be larger than memory: one level of a bank, or a tensor.
 * Thread-safe.
 */
public interface FeatureRows {
  /** The number of rows. */
  long rows();

  /** The number of channels of a row. */
  int dim();

  /**
   * Copies rows as float32, densely, row by row.
   *
   * @param firstRow the first row
   * @param count how many rows
   * @param target receives {@code count * dim} floats in native order, at least that large
   */
  void read(long firstRow, long count, MemorySegment target) throws IOException;

  /** Whether every value is a float16 number, so that a copy in float16 loses nothing. */
  default boolean half() {
    return false;
  }

  /**
   * Says that rows will be read soon, so that they can be brought into the system's cache; returns
   * when they are there. Rows in memory need nothing.
   */
  default void prefetch(long firstRow, long count) throws IOException {}

  /** The rows of a two-dimensional float32 tensor; the tensor is borrowed. */
  static FeatureRows of(Tensor matrix) {
    if (matrix.rank() != 2 || matrix.dtype() != DType.F32) {
      throw new IllegalArgumentException("expected a float32 matrix, found " + matrix);
    }
    return new FeatureRows() {
      @Override
      public long rows() {
        return matrix.size(0);
      }

      @Override
      public int dim() {
        return Math.toIntExact(matrix.size(1));
      }

      @Override
      public void read(long firstRow, long count, MemorySegment target) {
        long rowBytes = matrix.size(1) * Float.BYTES;
        MemorySegment.copy(matrix.segment(), firstRow * rowBytes, target, 0, count * rowBytes);
      }
    };
  }
}
