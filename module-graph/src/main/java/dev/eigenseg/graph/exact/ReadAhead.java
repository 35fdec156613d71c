package dev.eigenseg.graph.exact;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.RowRange;

/**
 * Owns a thread that asks for rows before they are needed, so that the disk works while the
 * processors do. What it cannot read is reported by whoever needs it.
 */
final class ReadAhead implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ReadAhead.class.getName());
  private static final long CHUNK = 2048;

  private final PreparedRows rows;
  private final RowRange range;
  private final Thread thread;
  private volatile boolean stopped;

  ReadAhead(PreparedRows rows, RowRange range) {
    this.rows = rows;
    this.range = range;
    this.thread = Thread.ofPlatform().daemon().name("eigenseg-read-ahead").start(this::run);
  }

  /** Bytes that are mapped at a time. */
  static long windowBytes(int dim) {
    return CHUNK * dim * Float.BYTES;
  }

  private void run() {
    try {
      for (long row = range.first(); row < range.end() && !stopped; row += CHUNK) {
        rows.prefetch(row, Math.min(CHUNK, range.end() - row));
      }
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.DEBUG, "reading ahead failed: {0}", e.getMessage());
    }
  }

  /** Stops and waits: the rows may be closed afterwards. */
  @Override
  public void close() {
    stopped = true;
    Parallel.joinUninterruptibly(thread);
  }
}
