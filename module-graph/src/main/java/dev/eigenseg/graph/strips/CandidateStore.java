package dev.eigenseg.graph.strips;

import dev.eigenseg.graph.rows.NeighborRows;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Keeps the best candidates of all rows while those of two strips are in memory. Between two calls
 * of {@link #finish} every row is written once at most, in pieces of {@link #chunkRows} from its
 * strip's first row on, and not read after that; {@link #read} returns what was written before the
 * last of these calls, or nothing but filling. Thread-safe.
 */
public interface CandidateStore extends NeighborRows {
  long CHUNK_BYTES = 1 << 20;
  int MOST_CHUNK_ROWS = 512;

  /** Rows of a piece: its lists take about a megabyte at most. */
  static int chunkRows(int k) {
    return Math.clamp(CHUNK_BYTES / chunkBytes(1, k), 1, MOST_CHUNK_ROWS);
  }

  /** Bytes of the lists of so many rows. */
  static long chunkBytes(int rows, int k) {
    return (long) rows * k * (Integer.BYTES + Float.BYTES);
  }

  /**
   * Keeps lists.
   *
   * @param units how many units are done that these lists have in them, this one included
   */
  void write(long firstRow, int count, MemorySegment ids, MemorySegment similarities, long units)
      throws IOException;

  /** How many units of work, from the first on, need not be done any more. */
  long finished();

  /** Says that so many units are done and everything that they changed was written. */
  void finish(long units) throws IOException;

  /**
   * Whether it is time to write what is in memory and call {@link #finish}, so that what was done
   * outlives the process. Rows need not be written before they leave the memory otherwise.
   */
  boolean due();
}
