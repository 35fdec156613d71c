package dev.eigenseg.graph.exact;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.LargeMemory;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.RowRange;
import dev.eigenseg.graph.strips.CandidateStore;
import dev.eigenseg.graph.strips.StripCandidates;
import dev.eigenseg.graph.strips.StripGrid;
import dev.eigenseg.graph.strips.UnitLoop;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Owns the working memory of one search: joins all rows with themselves, unit by unit, tile by
 * tile. Similarity is symmetric, so only tiles on and above the diagonal are computed, and each
 * serves its rows and its columns, whose candidates the store keeps meanwhile.
 */
final class SelfJoin implements AutoCloseable {
  private final JoinPlan plan;
  private final TileKernel kernel;
  private final StripGrid grid;
  private final PreparedRows rows;
  private final CandidateStore store;
  private final Progress progress;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment columnCache;

  SelfJoin(
      JoinPlan plan,
      TileKernel kernel,
      PreparedRows rows,
      CandidateStore store,
      Progress progress) {
    this.plan = plan;
    this.kernel = kernel;
    this.grid = plan.grid();
    this.rows = rows;
    this.store = store;
    this.progress = progress;
    try {
      this.columnCache = LargeMemory.allocate(arena, plan.columnCacheBytes());
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Does the units that the store has not finished.
   *
   * @throws java.io.UncheckedIOException if rows cannot be read, or candidates be kept
   */
  void run() {
    StripCandidates.Size size =
        new StripCandidates.Size(plan.k(), plan.capacity(), plan.threads(), true);
    try (Progress.Task task = progress.start("graph", plan.tiles(store.finished()), "tiles")) {
      new UnitLoop(grid, size, store, progress)
          .run((own, other, soon) -> {
            try (ReadAhead _ = new ReadAhead(rows, soon)) {
              Strip first = strip(own);
              join(first, own.equals(other) ? first : strip(other), task);
            }
          });
    }
  }

  // ---- blocks

  private Strip strip(StripCandidates strip) {
    return new Strip(
        strip.range(),
        plan.block(),
        strip.candidates(),
        Stream.generate(ReentrantLock::new).limit(plan.blocks(strip.range())).toList());
  }

  /**
   * The blocks of a strip, whose candidates are borrowed.
   *
   * @param blockRows rows of all blocks but the last
   * @param locks one for each block
   */
  private record Strip(
      RowRange range, int blockRows, Candidates candidates, List<ReentrantLock> locks) {
    long blocks() {
      return locks.size();
    }

    long firstRow(long block) {
      return range.first() + block * blockRows;
    }

    int rows(long block) {
      return (int) Math.min(blockRows, range.end() - firstRow(block));
    }

    int place(long block) {
      return (int) (block * blockRows);
    }

    ReentrantLock lock(long block) {
      return locks.get((int) block);
    }
  }

  // ---- tiles

  /** Joins a strip with itself or with one behind it. */
  private void join(Strip own, Strip other, Progress.Task task) {
    if (plan.cached()) {
      Parallel.forEach(plan.threads(), other.blocks(), block -> fillCache(other, block));
    }
    long groups = Math.ceilDiv(own.blocks(), plan.group());
    long spans = Math.ceilDiv(other.blocks(), plan.span());
    Parallel.forEach(
        plan.threads(),
        groups * spans,
        t -> joinGroup(own, other, t / spans * plan.group(), t % spans * plan.span(), task));
  }

  private void fillCache(Strip strip, long block) {
    progress.checkCancelled();
    try (Arena temporary = Arena.ofConfined()) {
      MemorySegment dense = temporary.allocate(denseBytes(), 64);
      packColumns(strip, block, dense, cachedColumns(block));
    }
  }

  private MemorySegment cachedColumns(long block) {
    return columnCache.asSlice(block * plan.columnPanelBytes(), plan.columnPanelBytes());
  }

  private long denseBytes() {
    return (long) plan.block() * plan.dim() * Float.BYTES;
  }

  private void packColumns(Strip strip, long block, MemorySegment dense, MemorySegment panels) {
    rows.read(strip.firstRow(block), strip.rows(block), dense);
    kernel.packColumns(dense, strip.rows(block), plan.dim(), panels);
  }

  /** One task: the tiles of a group of row blocks with a span of column blocks. */
  private void joinGroup(
      Strip own, Strip other, long rowBegin, long columnBegin, Progress.Task task) {
    long rowEnd = Math.min(rowBegin + plan.group(), own.blocks());
    long columnEnd = Math.min(columnBegin + plan.span(), other.blocks());
    if (own.equals(other) && columnEnd <= rowBegin) {
      return; // below the diagonal: another task serves these rows as columns
    }
    try (Worker worker = new Worker(own, other, rowBegin, rowEnd)) {
      for (long column = columnBegin; column < columnEnd; column++) {
        progress.checkCancelled();
        task.advance(worker.join(column));
      }
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /** Owns the packed rows of a group and the scores of a tile; for one thread. */
  private final class Worker implements AutoCloseable {
    private final Arena memory = Arena.ofConfined();
    private final Strip own;
    private final Strip other;
    private final boolean diagonal;
    private final long rowBegin;
    private final long rowEnd;
    private final TileProduct product;
    private final MemorySegment dense;
    private final MemorySegment columnPanels;
    private final MemorySegment scores;
    private final long[] scratch = new long[plan.capacity()];

    Worker(Strip own, Strip other, long rowBegin, long rowEnd) {
      this.own = own;
      this.other = other;
      this.diagonal = own.equals(other);
      this.rowBegin = rowBegin;
      this.rowEnd = rowEnd;
      this.product = openProduct();
      try {
        dense = memory.allocate(denseBytes(), 64);
        columnPanels =
            plan.cached() ? MemorySegment.NULL : memory.allocate(plan.columnPanelBytes(), 64);
        scores = memory.allocate((long) TileProduct.SLICE * plan.block() * Float.BYTES, 64);
        for (long block = rowBegin; block < rowEnd; block++) {
          rows.read(own.firstRow(block), own.rows(block), dense);
          product.take(blockOf(block), dense, own.rows(block));
        }
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }

    private TileProduct openProduct() {
      try {
        return kernel.open(blockOf(rowEnd), plan.block(), plan.dim());
      } catch (RuntimeException | Error e) {
        memory.close();
        throw e;
      }
    }

    /** The number of a block within the group. */
    private int blockOf(long block) {
      return (int) (block - rowBegin);
    }

    /**
     * Joins all rows of the group with one block of columns and returns how many tiles that were.
     */
    long join(long column) {
      long end = diagonal ? Math.min(rowEnd, column + 1) : rowEnd;
      if (rowBegin >= end) {
        return 0;
      }
      MemorySegment panels = plan.cached() ? cachedColumns(column) : columnPanels;
      if (!plan.cached()) {
        packColumns(other, column, dense, panels);
      }
      for (long row = rowBegin; row < end; row++) {
        joinTile(row, column, panels);
      }
      return end - rowBegin;
    }

    private void joinTile(long row, long column, MemorySegment columns) {
      int height = own.rows(row);
      int width = other.rows(column);
      for (int first = 0; first < height; first += TileProduct.SLICE) {
        int count = Math.min(TileProduct.SLICE, height - first);
        int slice = first / TileProduct.SLICE;
        product.multiply(blockOf(row), slice, count, columns, width, scores);
        scan(
            new ScoreScan.Tile(
                count,
                width,
                plan.block(),
                own.place(row) + first,
                own.firstRow(row) + first,
                other.place(column),
                other.firstRow(column)),
            own.lock(row),
            other.lock(column));
      }
    }

    // Tiles of several threads meet in the same rows: a lock for each block, taken in rising order,
    // held for the scan alone.
    private void scan(ScoreScan.Tile tile, ReentrantLock rowLock, ReentrantLock columnLock) {
      rowLock.lock();
      try {
        if (rowLock.equals(columnLock)) {
          ScoreScan.rows(scores, tile, own.candidates(), scratch);
          return;
        }
        columnLock.lock();
        try {
          ScoreScan.rowsAndColumns(scores, tile, own.candidates(), other.candidates(), scratch);
        } finally {
          columnLock.unlock();
        }
      } finally {
        rowLock.unlock();
      }
    }

    @Override
    public void close() {
      try (memory;
          product) {
        // Both are closed, even if one fails.
      }
    }
  }
}
