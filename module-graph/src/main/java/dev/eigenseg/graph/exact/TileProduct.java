package dev.eigenseg.graph.exact;

import java.lang.foreign.MemorySegment;

/** Owns the rows of a group of blocks, which columns are multiplied with; for one thread. */
public interface TileProduct extends AutoCloseable {
  /** Rows that are multiplied at a time, and then scanned while their scores are in the cache. */
  int SLICE = 96;

  /** Takes the rows of a block of the group; {@code dense} is not needed afterwards. */
  void take(int block, MemorySegment dense, int rows);

  /**
   * Multiplies some rows of a block with columns.
   *
   * @param slice which {@link #SLICE} rows of the block
   * @param rows how many of them, from the first
   * @param columns from {@link TileKernel#packColumns}
   * @param scores receives {@code rows} rows of {@code width} similarities at a stride of a block;
   *     has room for {@link #SLICE} rows, which may be overwritten
   */
  void multiply(
      int block, int slice, int rows, MemorySegment columns, int width, MemorySegment scores);

  /** Multiplies what it likes until it is as fast as it will be; for measurements. */
  void warmUp(MemorySegment columns, MemorySegment scores);

  @Override
  void close();
}
