package dev.eigenseg.graph.exact;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.RowRange;
import dev.eigenseg.graph.strips.CandidateStore;
import dev.eigenseg.graph.strips.StripGrid;
import dev.eigenseg.graph.strips.UnitLoop;

/**
 * How a self-join is cut so that it stays within its memory. The result does not depend on any of
 * it.
 *
 * @param rows all rows
 * @param range the rows that are joined with themselves and all behind them
 * @param dim channels of a row
 * @param k neighbours of a row
 * @param threads worker threads
 * @param block rows of a tile, and its columns: a multiple of both panels
 * @param group blocks of rows that a task keeps packed while columns pass by
 * @param span blocks of columns of a task
 * @param capacity candidates that a row holds before the worst are dropped
 * @param stripRows rows of a strip; the candidates of two strips are held at a time
 * @param cached whether a strip's columns are packed once for all rows that it meets; otherwise
 *     they are read again for every group
 */
public record JoinPlan(
    long rows,
    RowRange range,
    int dim,
    int k,
    int threads,
    int block,
    int group,
    int span,
    int capacity,
    long stripRows,
    boolean cached) {
  // Enough that all threads end at about the same time; a task packs its rows anew.
  private static final int TASKS_OF_THREAD = 8;

  /** Plans a search of all rows. */
  public static JoinPlan of(KnnEngine.Request request, TileKernel kernel) {
    return of(request, new RowRange(0, request.features().rows()), kernel);
  }

  /**
   * Plans for the memory of a request: first the candidates, then, if there is room, the packed
   * columns.
   *
   * @throws BadInputException if not even two blocks of rows fit
   */
  public static JoinPlan of(KnnEngine.Request request, RowRange range, TileKernel kernel) {
    long rows = request.features().rows();
    int dim = request.features().dim();
    int block = kernel.blockRows(rows, request.threads());
    long blocks = Math.ceilDiv(rows, block);
    int group = Math.clamp(blocks / 4, 1, 4);
    JoinPlan plan =
        new JoinPlan(
            rows,
            range,
            dim,
            request.k(),
            request.threads(),
            block,
            group,
            Math.clamp(blocks * blocks / (2L * TASKS_OF_THREAD * request.threads() * group), 1, 32),
            Candidates.capacityFor(request.k()),
            block,
            true);
    long most = (long) Math.sqrt(UnitLoop.UNIT_PRODUCTS * request.threads() / dim);
    return plan.withStrips(plan.evenStrips(most), true).within(request.memory());
  }

  private JoinPlan within(long memory) {
    if (bytes() <= memory) {
      return this;
    }
    JoinPlan streamed = withStrips(stripRows, false);
    if (streamed.bytes() <= memory) {
      return streamed;
    }
    JoinPlan fewer = this;
    long most = streamed.mostRows(memory);
    while (fewer.group > 1 && most < (long) fewer.group * block) {
      // Memory for packed rows is of no use where strips have fewer.
      fewer = fewer.withGroup(fewer.group - 1);
      most = fewer.withStrips(stripRows, false).mostRows(memory);
    }
    JoinPlan least = fewer.withStrips(block, false);
    if (least.bytes() > memory) {
      throw new BadInputException(
          "the search needs at least %,d bytes of memory for %,d rows of %d channels, k = %d and %d threads; allowed are %,d"
              .formatted(least.bytes(), rows, dim, k, threads, memory));
    }
    return fewer.withStrips(fewer.evenStrips(most), false);
  }

  /** Rows of a strip, in whole blocks, of which two fit into memory. */
  private long mostRows(long memory) {
    return Math.max(0, memory - fixedBytes()) / (2 * candidateBytes()) / block * block;
  }

  /**
   * The same search with strips of another size, because it was begun with them.
   *
   * @throws BadInputException if they need more than the memory
   */
  JoinPlan continued(long newStripRows, long memory) {
    JoinPlan plan = withStrips(newStripRows, true);
    JoinPlan streamed = withStrips(newStripRows, false);
    if (streamed.bytes() > memory && group > 1) {
      return withGroup(group - 1).continued(newStripRows, memory);
    }
    if (streamed.bytes() > memory) {
      throw new BadInputException(
          ("the search was begun with strips of %,d rows and needs at least %,d bytes of memory "
                  + "to go on; allowed are %,d: allow more, or start over with --overwrite")
              .formatted(newStripRows, streamed.bytes(), memory));
    }
    return plan.bytes() <= memory ? plan : streamed;
  }

  /** Strips of about the same size, at most so large. */
  private long evenStrips(long most) {
    long all = rows - range.first();
    long strips = Math.ceilDiv(all, Math.max(most, block));
    return Math.ceilDiv(Math.ceilDiv(all, strips), block) * block;
  }

  private JoinPlan withStrips(long newStripRows, boolean newCached) {
    return new JoinPlan(
        rows, range, dim, k, threads, block, group, span, capacity, newStripRows, newCached);
  }

  private JoinPlan withGroup(int newGroup) {
    return new JoinPlan(
        rows, range, dim, k, threads, block, newGroup, span, capacity, stripRows, cached);
  }

  /** The units of work. */
  public StripGrid grid() {
    return new StripGrid(range, rows, stripRows);
  }

  /** Blocks of so many rows. */
  long blocks(RowRange strip) {
    return Math.ceilDiv(strip.count(), block);
  }

  /** Bytes of one packed block of columns. */
  long columnPanelBytes() {
    return Gemm.packedColumnBytes(block, dim);
  }

  /** Bytes of the packed columns of a strip, if they are kept. */
  long columnCacheBytes() {
    return cached ? Math.multiplyExact(Math.ceilDiv(stripRows, block), columnPanelBytes()) : 0;
  }

  /**
   * Peak bytes, heap, off-heap and mapped windows of the rows together, without results in memory.
   */
  public long bytes() {
    long held = Math.min(2, grid().strips()) * stripRows;
    return fixedBytes() + Math.multiplyExact(held, candidateBytes()) + columnCacheBytes();
  }

  private long candidateBytes() {
    return Candidates.bytesPerRow(capacity);
  }

  private long fixedBytes() {
    int rowsOfSlices = Math.ceilDiv(block, TileProduct.SLICE) * TileProduct.SLICE;
    long rowPanels = group * Gemm.packedRowBytes(rowsOfSlices, dim);
    long dense = (long) block * dim * Float.BYTES;
    long window = dense; // rows are copied out of a mapping of the bank
    long scores = (long) TileProduct.SLICE * block * Float.BYTES;
    long chunk = 2 * CandidateStore.chunkBytes(CandidateStore.chunkRows(k), k);
    long worker =
        rowPanels
            + columnPanelBytes()
            + dense
            + window
            + scores
            + chunk
            + (long) capacity * Long.BYTES;
    return rows * Float.BYTES + threads * worker + ReadAhead.windowBytes(dim);
  }

  /** Tiles to compute in all units but the first. */
  long tiles(long finishedUnits) {
    StripGrid grid = grid();
    long behind = 0;
    for (int strip = 0; strip < grid.strips(); strip++) {
      behind += blocks(grid.strip(strip));
    }
    long total = 0;
    for (int strip = 0; strip < grid.rowStrips(); strip++) {
      long own = blocks(grid.strip(strip));
      behind -= own;
      if (finishedUnits <= grid.firstUnit(strip)) {
        total += own * (own + 1) / 2 + own * behind;
      } else {
        long met = finishedUnits - grid.firstUnit(strip);
        for (long other = strip + met; other < grid.strips(); other++) {
          total += own * blocks(grid.strip((int) other));
        }
      }
    }
    return total;
  }
}
