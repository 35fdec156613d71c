package dev.eigenseg.graph.vector;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.spi.KnnEngine;

/**
 * How a self-join is cut so that it stays within its memory. The result does not depend on any of
 * it.
 *
 * @param rows all rows
 * @param dim channels of a row
 * @param k neighbours of a row
 * @param threads worker threads
 * @param block rows of a tile, and its columns: a multiple of both panels
 * @param group blocks of rows that a task keeps packed while columns pass by
 * @param span blocks of columns of a task
 * @param capacity candidates that a row holds before the worst are dropped
 * @param stripRows rows whose candidates are held at a time, a multiple of the block; tiles within
 *     a strip serve both sides, tiles beyond it only their rows
 * @param cached whether all rows are kept packed as columns; otherwise they are read again for
 *     every group
 */
record JoinPlan(
    long rows,
    int dim,
    int k,
    int threads,
    int block,
    int group,
    int span,
    int capacity,
    long stripRows,
    boolean cached) {
  /** Rows of a tile that are multiplied, then scanned while their scores are in the cache. */
  static final int SCAN_ROWS = 96;

  // 480 x 384 floats are 720 KiB: a packed block of columns fits into the second-level cache
  // (feasibility: 480 to 960 are equal).
  private static final int LARGEST_BLOCK = 480;
  // A buffer of twice k drops k at a time, so a candidate costs a constant; tiny ones would do it
  // too often.
  private static final int SMALLEST_CAPACITY = 64;

  /**
   * Plans for the memory of a request: first all candidates at once, then, if there is room, the
   * packed columns.
   *
   * @throws BadInputException if not even one block of rows fits
   */
  static JoinPlan of(KnnEngine.Request request) {
    long rows = request.features().rows();
    int panels = leastCommonMultiple(Gemm.rowPanel(), Gemm.columnPanel());
    // Small matrices: at least some tiles for every thread.
    long wanted = Math.min(LARGEST_BLOCK, rows / (4L * request.threads()));
    int block = (int) Math.max(1, wanted / panels) * panels;
    long blocks = (rows + block - 1) / block;
    JoinPlan whole =
        new JoinPlan(
            rows,
            request.features().dim(),
            request.k(),
            request.threads(),
            block,
            Math.clamp(blocks / 4, 1, 4),
            Math.clamp(blocks / 8, 1, 32),
            Math.max(SMALLEST_CAPACITY, Math.multiplyExact(2, request.k())),
            blocks * block,
            true);
    return whole.within(request.memory());
  }

  private JoinPlan within(long memory) {
    if (bytes() <= memory) {
      return this;
    }
    JoinPlan streamed = withStrips(stripRows, false);
    long most = (memory - streamed.fixedBytes()) / candidateBytes() / block * block;
    if (most < block) {
      throw new BadInputException(
          "the search needs at least %,d bytes of memory for %,d rows of %d channels, k = %d and %d threads; allowed are %,d"
              .formatted(streamed.withStrips(block, false).bytes(), rows, dim, k, threads, memory));
    }
    long strips = (rows + most - 1) / most;
    long even = (rows + strips - 1) / strips;
    return streamed.withStrips((even + block - 1) / block * block, false);
  }

  private JoinPlan withStrips(long newStripRows, boolean newCached) {
    return new JoinPlan(
        rows, dim, k, threads, block, group, span, capacity, newStripRows, newCached);
  }

  long blocks() {
    return (rows + block - 1) / block;
  }

  long strips() {
    return (rows + stripRows - 1) / stripRows;
  }

  /** Bytes of one packed block of columns. */
  long columnPanelBytes() {
    return Gemm.packedColumnBytes(block, dim);
  }

  /** Peak bytes, heap and off-heap together, without the results. */
  long bytes() {
    return fixedBytes()
        + Math.multiplyExact(stripRows, candidateBytes())
        + (cached ? Math.multiplyExact(blocks(), columnPanelBytes()) : 0);
  }

  private long candidateBytes() {
    return Candidates.bytesPerRow(capacity);
  }

  private long fixedBytes() {
    long rowPanels = group * Gemm.packedRowBytes(block, dim);
    long dense = (long) block * dim * Float.BYTES;
    long scores = (long) SCAN_ROWS * block * Float.BYTES;
    long worker = rowPanels + columnPanelBytes() + dense + scores + (long) capacity * Long.BYTES;
    return rows * Float.BYTES + threads * worker;
  }

  /** Tiles to compute, over all strips. */
  long tiles() {
    long stripBlocks = stripRows / block;
    long total = 0;
    for (long first = 0; first < blocks(); first += stripBlocks) {
      long own = Math.min(stripBlocks, blocks() - first);
      total += own * (own + 1) / 2 + own * (blocks() - own);
    }
    return total;
  }

  private static int leastCommonMultiple(int a, int b) {
    int multiple = a;
    while (multiple % b != 0) {
      multiple += a;
    }
    return multiple;
  }
}
