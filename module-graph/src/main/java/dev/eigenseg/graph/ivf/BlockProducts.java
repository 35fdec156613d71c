package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.graph.rows.ProbeScan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongUnaryOperator;

/** Owns a block packed as columns and the scores of rows against it; for one thread. */
final class BlockProducts implements AutoCloseable {
  private final IvfPlan plan;
  private final InvertedLists inverted;
  private final Arena memory = Arena.ofConfined();
  private final int block;
  private final int columns;
  private final MemorySegment columnPanels;
  private final MemorySegment gathered;
  private final MemorySegment rowPanels;
  private final MemorySegment scores;
  private final int[] places = new int[IvfPlan.SCAN_ROWS];
  private final long[] ids = new long[IvfPlan.SCAN_ROWS];
  private final long[] columnIds;

  BlockProducts(IvfPlan plan, InvertedLists inverted, int block) {
    this.plan = plan;
    this.inverted = inverted;
    this.block = block;
    this.columns = inverted.blockRows(block);
    this.columnIds = new long[columns];
    for (int column = 0; column < columns; column++) {
      columnIds[column] = inverted.id(inverted.blockBegin(block) + column);
    }
    try {
      columnPanels = memory.allocate(Gemm.packedColumnBytes(columns, plan.dim()), 64);
      gathered = memory.allocate(Math.max(columns, IvfPlan.SCAN_ROWS) * plan.rowBytes(), 64);
      rowPanels = memory.allocate(Gemm.packedRowBytes(IvfPlan.SCAN_ROWS, plan.dim()), 64);
      scores = memory.allocate((long) IvfPlan.SCAN_ROWS * columns * Float.BYTES, 64);
      inverted.packColumns(block, gathered, columnPanels);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  /** What is done with the scores of some rows. */
  interface TileTask {
    void run(ProbeScan.Tile tile, int rows);
  }

  /**
   * Multiplies rows with the block, some at a time.
   *
   * @param count how many rows
   * @param position gives each row's position, its place among the candidates as well
   */
  void forEachTile(long count, LongUnaryOperator position, TileTask task) {
    int columnPlace = Math.toIntExact(inverted.blockBegin(block));
    for (long first = 0; first < count; first += IvfPlan.SCAN_ROWS) {
      int part = (int) Math.min(IvfPlan.SCAN_ROWS, count - first);
      for (int i = 0; i < part; i++) {
        long at = position.applyAsLong(first + i);
        inverted.read(at, gathered, i * plan.rowBytes());
        places[i] = Math.toIntExact(at);
        ids[i] = inverted.id(at);
      }
      Gemm.packRows(gathered, 0, part, plan.dim(), rowPanels);
      Gemm.multiply(rowPanels, part, columnPanels, columns, plan.dim(), scores, 0, columns);
      task.run(new ProbeScan.Tile(scores, places, ids, columnPlace, columnIds), part);
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
