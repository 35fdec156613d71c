package dev.eigenseg.graph.blas;

import dev.eigenseg.graph.exact.TileProduct;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns rows as they are, and what {@code sgemm_} takes by reference. Every product has the same
 * shape, a slice of rows by a block of columns, since small or odd ones are rounded otherwise.
 */
final class BlasProduct implements TileProduct {
  private final BlasLibrary library;
  private final long blockBytes;
  private final long rowBytes;
  private final Arena memory = Arena.ofConfined();
  private final MemorySegment rows;
  private final MemorySegment one;
  private final MemorySegment zero;
  private final MemorySegment transposed;
  private final MemorySegment plain;
  private final MemorySegment depth;
  private final MemorySegment count;
  private final MemorySegment width;

  BlasProduct(BlasLibrary library, int blocks, int blockRows, int dim) {
    this.library = library;
    this.rowBytes = (long) dim * Float.BYTES;
    this.blockBytes = blockRows * rowBytes;
    try {
      this.rows = memory.allocate(blocks * blockBytes, 64);
      this.one = memory.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
      this.zero = memory.allocateFrom(ValueLayout.JAVA_FLOAT, 0);
      this.transposed = memory.allocateFrom("T");
      this.plain = memory.allocateFrom("N");
      this.depth = memory.allocateFrom(ValueLayout.JAVA_INT, dim);
      this.count = memory.allocateFrom(ValueLayout.JAVA_INT, SLICE);
      this.width = memory.allocateFrom(ValueLayout.JAVA_INT, blockRows);
      library.enter();
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  @Override
  public void take(int block, MemorySegment dense, int rowsTaken) {
    MemorySegment.copy(dense, 0, rows, block * blockBytes, rowsTaken * rowBytes);
  }

  @Override
  public void multiply(
      int block,
      int slice,
      int rowCount,
      MemorySegment columns,
      int columnCount,
      MemorySegment scores) {
    MemorySegment part = rows.asSlice(block * blockBytes + slice * SLICE * rowBytes);
    // In Fortran matrices are column by column: our rows of scores are columns of the result,
    // scores = columns^T part.
    library.sgemm(
        transposed,
        plain,
        width,
        count,
        depth,
        one,
        columns,
        depth,
        part,
        depth,
        zero,
        scores,
        width);
  }

  @Override
  public void warmUp(MemorySegment columns, MemorySegment scores) {} // compiled long ago

  @Override
  public void close() {
    try (memory) {
      library.leave();
    }
  }
}
