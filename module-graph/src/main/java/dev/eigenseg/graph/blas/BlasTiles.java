package dev.eigenseg.graph.blas;

import dev.eigenseg.graph.exact.TileKernel;
import dev.eigenseg.graph.exact.TileProduct;
import java.lang.foreign.MemorySegment;

/** Tiles by a BLAS, one call of {@code sgemm_} for each slice of rows, on the calling thread. */
final class BlasTiles implements TileKernel {
  // As large as the blocks of the embedded kernel. Always the same: how a library rounds may depend
  // on the shape, and the result must depend neither on threads nor on memory.
  private static final int BLOCK = 480;

  @Override
  public int blockRows(long rows, int threads) {
    return BLOCK;
  }

  @Override
  public void packColumns(MemorySegment dense, int columns, int dim, MemorySegment target) {
    MemorySegment.copy(dense, 0, target, 0, (long) columns * dim * Float.BYTES);
  }

  @Override
  public TileProduct open(int blocks, int blockRows, int dim) {
    return new BlasProduct(BlasLibrary.get(), blocks, blockRows, dim);
  }
}
