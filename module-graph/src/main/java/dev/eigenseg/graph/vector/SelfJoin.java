package dev.eigenseg.graph.vector;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Owns the working memory of one search: joins all rows with themselves, tile by tile. Similarity
 * is symmetric, so within a strip only tiles on and above the diagonal are computed, and each
 * serves its rows and its columns.
 */
final class SelfJoin implements AutoCloseable {
  private final JoinPlan plan;
  private final PreparedRows rows;
  private final Progress progress;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment columnCache;

  SelfJoin(JoinPlan plan, PreparedRows rows, Progress progress) {
    this.plan = plan;
    this.rows = rows;
    this.progress = progress;
    try {
      this.columnCache =
          plan.cached()
              ? arena.allocate(plan.blocks() * plan.columnPanelBytes(), 64)
              : MemorySegment.NULL;
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  void run(Tensor ids, Tensor similarities) {
    if (plan.cached()) {
      Parallel.forEach(plan.threads(), plan.blocks(), this::fillCache);
    }
    try (Progress.Task task = progress.start("graph", plan.tiles(), "tiles")) {
      for (long strip = 0; strip < plan.strips(); strip++) {
        joinStrip(strip * plan.stripRows(), ids, similarities, task);
      }
    }
  }

  private void fillCache(long block) {
    try (Arena temporary = Arena.ofConfined()) {
      MemorySegment dense = temporary.allocate(denseBytes(), 64);
      packColumns(block, dense, cachedColumns(block));
    }
  }

  private MemorySegment cachedColumns(long block) {
    return columnCache.asSlice(block * plan.columnPanelBytes(), plan.columnPanelBytes());
  }

  private long denseBytes() {
    return (long) plan.block() * plan.dim() * Float.BYTES;
  }

  private void packColumns(long block, MemorySegment dense, MemorySegment panels) {
    int count = blockRows(block);
    rows.read(block * plan.block(), count, dense);
    Gemm.packColumns(dense, 0, count, plan.dim(), panels);
  }

  private int blockRows(long block) {
    return (int) Math.min(plan.block(), plan.rows() - block * plan.block());
  }

  private void joinStrip(long firstRow, Tensor ids, Tensor similarities, Progress.Task task) {
    long firstBlock = firstRow / plan.block();
    long stripBlocks = Math.min(plan.stripRows() / plan.block(), plan.blocks() - firstBlock);
    try (Candidates candidates =
        new Candidates(stripBlocks * plan.block(), plan.k(), plan.capacity())) {
      Strip strip =
          new Strip(
              firstBlock,
              stripBlocks,
              candidates,
              Stream.generate(ReentrantLock::new).limit(stripBlocks).toList());
      long groups = (stripBlocks + plan.group() - 1) / plan.group();
      long spans = (plan.blocks() + plan.span() - 1) / plan.span();
      Parallel.forEach(
          plan.threads(), groups * spans, t -> joinGroup(strip, t / spans, t % spans, task));
      Parallel.forEach(plan.threads(), stripBlocks, b -> writeBlock(strip, b, ids, similarities));
    }
  }

  /**
   * The rows whose candidates are held: blocks {@code first} to {@code first + count}, each with a
   * lock.
   */
  private record Strip(long first, long count, Candidates candidates, List<ReentrantLock> locks) {
    boolean holds(long block) {
      return block >= first && block < first + count;
    }

    ReentrantLock lock(long block) {
      return locks.get((int) (block - first));
    }

    int place(long block, int blockRows) {
      return (int) ((block - first) * blockRows);
    }
  }

  /** One task: the tiles of a group of row blocks with a span of column blocks. */
  private void joinGroup(Strip strip, long group, long span, Progress.Task task) {
    long rowBegin = strip.first() + group * plan.group();
    long rowEnd = Math.min(rowBegin + plan.group(), strip.first() + strip.count());
    long columnBegin = span * plan.span();
    long columnEnd = Math.min(columnBegin + plan.span(), plan.blocks());
    if (strip.holds(columnBegin) && strip.holds(columnEnd - 1) && columnEnd <= rowBegin) {
      return; // below the diagonal: another task serves these rows as columns
    }
    try (Worker worker = new Worker(strip, rowBegin, rowEnd)) {
      for (long column = columnBegin; column < columnEnd; column++) {
        progress.checkCancelled();
        task.advance(worker.join(column));
      }
    }
  }

  private void writeBlock(Strip strip, long block, Tensor ids, Tensor similarities) {
    progress.checkCancelled();
    long[] scratch = new long[plan.capacity()];
    long firstRow = (strip.first() + block) * plan.block();
    int place = strip.place(strip.first() + block, plan.block());
    for (int row = 0; row < blockRows(strip.first() + block); row++) {
      strip.candidates().write(place + row, firstRow + row, ids, similarities, scratch);
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
    private final Strip strip;
    private final long rowBegin;
    private final long rowEnd;
    private final long rowPanelBytes = Gemm.packedRowBytes(plan.block(), plan.dim());
    private final MemorySegment rowPanels;
    private final MemorySegment dense;
    private final MemorySegment columnPanels;
    private final MemorySegment scores;
    private final long[] scratch = new long[plan.capacity()];

    Worker(Strip strip, long rowBegin, long rowEnd) {
      this.strip = strip;
      this.rowBegin = rowBegin;
      this.rowEnd = rowEnd;
      try {
        dense = memory.allocate(denseBytes(), 64);
        rowPanels = memory.allocate((rowEnd - rowBegin) * rowPanelBytes, 64);
        columnPanels =
            plan.cached() ? MemorySegment.NULL : memory.allocate(plan.columnPanelBytes(), 64);
        scores = memory.allocate((long) JoinPlan.SCAN_ROWS * plan.block() * Float.BYTES, 64);
        for (long block = rowBegin; block < rowEnd; block++) {
          rows.read(block * plan.block(), blockRows(block), dense);
          Gemm.packRows(dense, 0, blockRows(block), plan.dim(), panelsOf(block));
        }
      } catch (RuntimeException | Error e) {
        memory.close();
        throw e;
      }
    }

    private MemorySegment panelsOf(long block) {
      return rowPanels.asSlice((block - rowBegin) * rowPanelBytes, rowPanelBytes);
    }

    /**
     * Joins all rows of the group with one block of columns and returns how many tiles that were.
     */
    long join(long column) {
      long end = strip.holds(column) ? Math.min(rowEnd, column + 1) : rowEnd;
      if (rowBegin >= end) {
        return 0;
      }
      MemorySegment panels = plan.cached() ? cachedColumns(column) : columnPanels;
      if (!plan.cached()) {
        packColumns(column, dense, panels);
      }
      for (long row = rowBegin; row < end; row++) {
        joinTile(row, column, panels);
      }
      return end - rowBegin;
    }

    private void joinTile(long row, long column, MemorySegment columns) {
      int height = blockRows(row);
      int width = blockRows(column);
      boolean both = strip.holds(column) && column != row;
      MemorySegment panels = panelsOf(row);
      for (int first = 0; first < height; first += JoinPlan.SCAN_ROWS) {
        int count = Math.min(JoinPlan.SCAN_ROWS, height - first);
        MemorySegment part = panels.asSlice(Gemm.packedRowBytes(first, plan.dim()));
        Gemm.multiply(part, count, columns, width, plan.dim(), scores, 0, plan.block());
        scan(
            new ScoreScan.Tile(
                count,
                width,
                plan.block(),
                strip.place(row, plan.block()) + first,
                row * plan.block() + first,
                both ? strip.place(column, plan.block()) : 0,
                column * plan.block()),
            row,
            column,
            both);
      }
    }

    // Tiles of several threads meet in the same rows: a lock for each block, taken in rising order,
    // held for the scan alone.
    private void scan(ScoreScan.Tile tile, long row, long column, boolean both) {
      strip.lock(row).lock();
      try {
        if (!both) {
          ScoreScan.rows(scores, tile, strip.candidates(), scratch);
          return;
        }
        strip.lock(column).lock();
        try {
          ScoreScan.rowsAndColumns(scores, tile, strip.candidates(), scratch);
        } finally {
          strip.lock(column).unlock();
        }
      } finally {
        strip.lock(row).unlock();
      }
    }

    @Override
    public void close() {
      memory.close();
    }
  }
}
