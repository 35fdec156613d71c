package dev.eigenseg.graph.exact;

import java.lang.foreign.MemorySegment;

/** How the similarities of an exact search are multiplied. Thread-safe. */
public interface TileKernel {
  /** Rows of a block when so many rows are searched: a multiple of both panels of the kernels. */
  int blockRows(long rows, int threads);

  /**
   * Prepares columns, which all threads read afterwards.
   *
   * @param dense rows of {@code dim} floats
   * @param target at least {@link dev.eigenseg.api.internal.kernel.Gemm#packedColumnBytes} bytes
   */
  void packColumns(MemorySegment dense, int columns, int dim, MemorySegment target);

  /**
   * Room for the rows of a group of blocks. The product belongs to the thread that opens it.
   *
   * @param blockRows the most rows of a block, and the most columns of a product
   */
  TileProduct open(int blocks, int blockRows, int dim);
}
