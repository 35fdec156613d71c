package dev.eigenseg.graph.faiss;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine.Request;
import dev.eigenseg.graph.rows.Neighbor;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.PreparedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Owns the memory of one exact search by tiles: every block of queries is compared with the bank
 * one tile after the other, and its best so far are kept, so that neither device nor host holds the
 * bank. For one thread.
 */
final class TiledSearch implements AutoCloseable {
  /** Compares queries with the rows of one tile. */
  interface Tile {
    /**
     * Finds the k best rows, k at most the tile's rows.
     *
     * @param similarities receives {@code queryRows * k} floats
     * @param ids receives as many longs, counted within the tile
     */
    void search(
        MemorySegment tile,
        long tileRows,
        MemorySegment queries,
        long queryRows,
        int k,
        MemorySegment similarities,
        MemorySegment ids);
  }

  /** Rows of a block of queries, and of a tile of the bank. */
  record Shape(long blockRows, long tileRows) {
    /** What keeps a device busy: a product of 8192 x 65536. */
    static final Shape DEFAULT = new Shape(8192, 65536);

    /** No larger than a bank. */
    Shape within(long rows) {
      return new Shape(Math.min(blockRows, rows), Math.min(tileRows, rows));
    }
  }

  private final PreparedRows rows;
  private final int k;
  private final int asked; // one more than k, for the row itself
  private final Shape shape;
  private final Progress progress;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment tile;
  private final MemorySegment queries;
  private final MemorySegment similarities;
  private final MemorySegment ids;
  private final long[][] best; // of every query by rising key, found[query] of them
  private final int[] found;

  TiledSearch(PreparedRows rows, int k, Shape shape, Progress progress) {
    this.rows = rows;
    this.k = k;
    this.asked = k + 1;
    this.shape = shape.within(rows.rows());
    this.progress = progress;
    int block = Math.toIntExact(this.shape.blockRows());
    try {
      tile = arena.allocate(this.shape.tileRows() * rows.dim() * Float.BYTES, 64);
      queries = arena.allocate((long) block * rows.dim() * Float.BYTES, 64);
      similarities = arena.allocate((long) block * asked * Float.BYTES, 64);
      ids = arena.allocate((long) block * asked * Long.BYTES, 64);
      best = new long[block][k + asked];
      found = new int[block];
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Peak bytes, heap and off-heap together, without the results. */
  static long bytes(Request request) {
    long n = request.features().rows();
    Shape shape = Shape.DEFAULT.within(n);
    long rowBytes = (long) request.features().dim() * Float.BYTES;
    long asked = request.k() + 1L;
    return n * Float.BYTES
        + (shape.tileRows() + shape.blockRows()) * rowBytes
        + shape.blockRows() * (asked * (Float.BYTES + Long.BYTES) + 2 * asked * Long.BYTES);
  }

  /** Searches for every row. */
  void run(Tile search, NeighborLists lists) {
    long n = rows.rows();
    try (Progress.Task task = progress.start("graph", n, "rows")) {
      for (long first = 0; first < n; first += shape.blockRows()) {
        long count = Math.min(shape.blockRows(), n - first);
        rows.read(first, count, queries);
        Arrays.fill(found, 0);
        for (long start = 0; start < n; start += shape.tileRows()) {
          progress.checkCancelled();
          searchTile(search, start, Math.min(shape.tileRows(), n - start), first, count);
        }
        for (int query = 0; query < count; query++) {
          lists.write(first + query, best[query], found[query]);
        }
        task.advance(count);
      }
    }
  }

  private void searchTile(Tile search, long start, long tileRows, long first, long count) {
    rows.read(start, tileRows, tile);
    int perQuery = (int) Math.min(asked, tileRows);
    search.search(tile, tileRows, queries, count, perQuery, similarities, ids);
    for (int query = 0; query < count; query++) {
      merge(query, first + query, start, perQuery);
    }
  }

  private void merge(int query, long self, long start, int perQuery) {
    long[] keys = best[query];
    int count = found[query];
    for (long i = (long) query * perQuery; i < (query + 1L) * perQuery; i++) {
      long id = start + ids.getAtIndex(ValueLayout.JAVA_LONG, i);
      if (id != self) {
        keys[count++] = Neighbor.key(similarities.getAtIndex(ValueLayout.JAVA_FLOAT, i), id);
      }
    }
    Arrays.sort(keys, 0, count);
    if (count > k) {
      System.arraycopy(keys, count - k, keys, 0, k);
    }
    found[query] = Math.min(count, k);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
