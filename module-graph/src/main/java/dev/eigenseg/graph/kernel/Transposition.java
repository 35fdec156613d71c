package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.internal.kernel.Parallel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Owns the reversed edges of neighbour lists, dealt into buckets of consecutive targets: 12 bytes
 * an edge, in memory if one bucket holds them all, else in a temporary file. Within a bucket edges
 * stand by rising source. 8 bytes a row are always in memory.
 */
final class Transposition implements AutoCloseable {
  /** Rows from {@code first} to before {@code end}. */
  record Bucket(long first, long end) {}

  static final long RECORD_BYTES = 12;
  // A bucket's edges as they were dealt, sorted by target, and as entries of the result.
  private static final long BYTES_PER_INCOMING =
      RECORD_BYTES + IncomingEdges.BYTES_PER_EDGE + SymmetricRows.ENTRY_BYTES;
  // The list itself, which may be mapped, and entries of the result.
  private static final long BYTES_PER_PLACE = 8 + SymmetricRows.ENTRY_BYTES;
  private static final long SMALLEST_BUFFER = 4 << 10;
  private static final long LARGEST_BUFFER = 4 << 20;

  private final Arena arena;
  private final DirectedEdges edges;
  private final MemorySegment pointers;
  private final List<Bucket> buckets;
  private final Spool spool;

  private Transposition(
      Arena arena, DirectedEdges edges, MemorySegment pointers, List<Bucket> buckets, Spool spool) {
    this.arena = arena;
    this.edges = edges;
    this.pointers = pointers;
    this.buckets = buckets;
    this.spool = spool;
  }

  /** Reads all lists twice: to count, and to deal. */
  @SuppressWarnings("MustBeClosedChecker")
  static Transposition of(DirectedEdges edges, Workspace space) throws IOException {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment pointers = arena.allocate(ValueLayout.JAVA_LONG, edges.rows() + 1);
      edges.forEach((source, target, weight) -> {
        long row = target - edges.firstRow() + 1;
        pointers.setAtIndex(
            ValueLayout.JAVA_LONG, row, pointers.getAtIndex(ValueLayout.JAVA_LONG, row) + 1);
      });
      List<Bucket> buckets = cut(edges, pointers, space.bytes());
      long total = 0;
      for (long row = 1; row <= edges.rows(); row++) {
        total += pointers.getAtIndex(ValueLayout.JAVA_LONG, row);
        pointers.setAtIndex(ValueLayout.JAVA_LONG, row, total);
      }
      Spool spool =
          buckets.size() <= 1
              ? Spool.inMemory(Math.multiplyExact(total, RECORD_BYTES))
              : Spool.inFile(space.folder());
      Transposition result = new Transposition(arena, edges, pointers, buckets, spool);
      try {
        result.deal(space.bytes());
        return result;
      } catch (IOException | RuntimeException | Error e) {
        spool.close();
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Cuts the rows where a bucket has as many bytes as are allowed; a row is never cut. */
  private static List<Bucket> cut(DirectedEdges edges, MemorySegment counts, long most) {
    List<Bucket> buckets = new ArrayList<>();
    long first = 0;
    long bytes = 0;
    for (long row = 0; row < edges.rows(); row++) {
      long incoming = counts.getAtIndex(ValueLayout.JAVA_LONG, row + 1);
      long more = incoming * BYTES_PER_INCOMING + edges.width() * BYTES_PER_PLACE;
      if (row > first && bytes + more > most) {
        buckets.add(new Bucket(edges.firstRow() + first, edges.firstRow() + row));
        first = row;
        bytes = 0;
      }
      bytes += more;
    }
    buckets.add(new Bucket(edges.firstRow() + first, edges.endRow()));
    return buckets;
  }

  private void deal(long memory) throws IOException {
    long share =
        Math.clamp(memory / 2 / buckets.size(), SMALLEST_BUFFER, LARGEST_BUFFER)
            / RECORD_BYTES
            * RECORD_BYTES;
    try (Arena buffers = Arena.ofConfined()) {
      List<Dealer> dealers = new ArrayList<>();
      for (Bucket bucket : buckets) {
        dealers.add(new Dealer(bucket, buffers, share));
      }
      edges.forEach(
          new DirectedEdges.Visitor() {
            @Override
            public void edge(long source, long target, float weight) {
              dealers.get(bucketOf(target)).put(source, target, weight);
            }
          });
      for (Dealer dealer : dealers) {
        dealer.flush();
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private int bucketOf(long row) {
    int low = 0;
    int high = buckets.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (buckets.get(middle).first() <= row) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Collects the edges of one bucket before they are written. */
  private final class Dealer {
    private final MemorySegment buffer;
    private long written;
    private long filled;

    Dealer(Bucket bucket, Arena buffers, long share) {
      written = pointer(bucket.first()) * RECORD_BYTES;
      long all = pointer(bucket.end()) * RECORD_BYTES - written;
      buffer = buffers.allocate(Math.max(RECORD_BYTES, Math.min(share, all)), 4);
    }

    void put(long source, long target, float weight) {
      buffer.set(ValueLayout.JAVA_INT, filled, (int) target);
      buffer.set(ValueLayout.JAVA_INT, filled + 4, (int) source);
      buffer.set(ValueLayout.JAVA_FLOAT, filled + 8, weight);
      filled += RECORD_BYTES;
      if (filled == buffer.byteSize()) {
        flush();
      }
    }

    void flush() {
      try {
        spool.write(written, buffer.asSlice(0, filled));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      written += filled;
      filled = 0;
    }
  }

  private long pointer(long row) {
    return pointers.getAtIndex(ValueLayout.JAVA_LONG, row - edges.firstRow());
  }

  /** All buckets, by rising rows; at least one. */
  List<Bucket> buckets() {
    return buckets;
  }

  /** The edges into the rows of a bucket; the caller owns them. */
  IncomingEdges incoming(Bucket bucket, int threads) throws IOException {
    long base = pointer(bucket.first());
    long count = pointer(bucket.end()) - base;
    IncomingEdges incoming =
        new IncomingEdges(bucket.first(), bucket.end() - bucket.first(), count);
    try (Spool.Window records = spool.read(base * RECORD_BYTES, count * RECORD_BYTES)) {
      for (long row = bucket.first(); row <= bucket.end(); row++) {
        incoming.begin(row, pointer(row) - base);
      }
      sort(records.bytes(), incoming, bucket, threads);
      return incoming;
    } catch (IOException | RuntimeException | Error e) {
      incoming.close();
      throw e;
    }
  }

  /**
   * Every worker scans all edges of the bucket and places those into its own range of rows: no
   * locks, and the order stays fixed.
   */
  private static void sort(
      MemorySegment records, IncomingEdges incoming, Bucket bucket, int threads) {
    long rows = bucket.end() - bucket.first();
    Parallel.forEach(
        threads,
        threads,
        worker -> {
          long first = bucket.first() + rows * worker / threads;
          long end = bucket.first() + rows * (worker + 1) / threads;
          incoming.place(records, first, end);
        });
  }

  @Override
  public void close() {
    try (spool) {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
