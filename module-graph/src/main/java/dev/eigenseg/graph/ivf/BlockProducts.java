package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.graph.rows.ProbeScan;
import dev.eigenseg.graph.rows.RowRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongUnaryOperator;

/** Owns a block packed as columns and the scores of rows against it; for one thread. */
final class BlockProducts implements AutoCloseable {
  private final IvfPlan plan;
  private final Arena memory = Arena.ofConfined();
  private final int columns;
  private final int columnPlace;
  private final MemorySegment columnPanels;
  private final MemorySegment gathered;
  private final MemorySegment rowPanels;
  private final MemorySegment scores;
  private final int[] places = new int[IvfPlan.SCAN_ROWS];
  private final long[] ids = new long[IvfPlan.SCAN_ROWS];
  private final long[] columnIds;

  /**
   * Packs a block.
   *
   * @param source has the block's rows; not needed afterwards
   * @param block its positions, at most {@link IvfPlan#BLOCK}
   * @param columnPlace the place of the first among its candidates
   */
  BlockProducts(IvfPlan plan, SortedRows source, RowRange block, int columnPlace) {
    this.plan = plan;
    this.columns = (int) block.count();
    this.columnPlace = columnPlace;
    this.columnIds = new long[columns];
    try {
      columnPanels = memory.allocate(Gemm.packedColumnBytes(columns, plan.dim()), 64);
      gathered = memory.allocate(Math.max(columns, IvfPlan.SCAN_ROWS) * plan.rowBytes(), 64);
      rowPanels = memory.allocate(Gemm.packedRowBytes(IvfPlan.SCAN_ROWS, plan.dim()), 64);
      scores = memory.allocate((long) IvfPlan.SCAN_ROWS * columns * Float.BYTES, 64);
      for (int i = 0; i < columns; i++) {
        columnIds[i] = source.id(block.first() + i);
        source.read(block.first() + i, gathered, i * plan.rowBytes());
      }
      Gemm.packColumns(gathered, 0, columns, plan.dim(), columnPanels);
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
   * @param rows where they are; a row's place among its candidates is counted from the first
   * @param count how many
   * @param position gives each row's position
   */
  void forEachTile(SortedRows rows, long count, LongUnaryOperator position, TileTask task) {
    long begin = rows.range().first();
    for (long first = 0; first < count; first += IvfPlan.SCAN_ROWS) {
      int part = (int) Math.min(IvfPlan.SCAN_ROWS, count - first);
      for (int i = 0; i < part; i++) {
        long at = position.applyAsLong(first + i);
        rows.read(at, gathered, i * plan.rowBytes());
        places[i] = Math.toIntExact(at - begin);
        ids[i] = rows.id(at);
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
