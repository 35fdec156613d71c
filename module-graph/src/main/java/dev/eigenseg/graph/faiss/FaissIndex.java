package dev.eigenseg.graph.faiss;

import dev.eigenseg.api.spi.KnnIndex;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Owns a native index by inner product. For one thread; FAISS itself works with the OpenMP threads
 * of that thread.
 */
final class FaissIndex implements AutoCloseable {
  /** Neighbours of a row in an HNSW graph; twice as many in the lowest layer. */
  static final int HNSW_LINKS = 32;

  /** Candidates that a row keeps while an HNSW graph is built. */
  static final int HNSW_EF_CONSTRUCTION = 80;

  private final AtomicLong address;

  // The pointer is wrapped before anything else happens to it, so that no failure loses it.
  private FaissIndex(long address) {
    this.address = new AtomicLong(address);
  }

  /** An empty index for rows of {@code dim} channels. */
  static FaissIndex of(KnnIndex kind, int dim, int lists) {
    return new FaissIndex(
        switch (kind.kind()) {
          case EXACT -> FaissLibrary.newFlat(dim);
          case IVF -> FaissLibrary.newIvf(dim, lists, kind.half());
          case HNSW -> FaissLibrary.newHnsw(dim, HNSW_LINKS, HNSW_EF_CONSTRUCTION);
        });
  }

  private long open() {
    long open = address.get();
    if (open == 0) {
      throw new IllegalStateException("the FAISS index is closed");
    }
    return open;
  }

  /** Learns the lists from dense float32 rows; borrowed. */
  void train(MemorySegment rows, long count) {
    FaissLibrary.train(open(), count, rows.address());
  }

  /** Copies dense float32 rows into the index. */
  void add(MemorySegment rows, long count) {
    FaissLibrary.add(open(), count, rows.address());
  }

  void useProbes(int probes) {
    FaissLibrary.useProbes(open(), probes);
  }

  void useEfSearch(int efSearch) {
    FaissLibrary.useEfSearch(open(), efSearch);
  }

  /**
   * Searches.
   *
   * @param queries dense float32 rows; borrowed
   * @param similarities receives {@code count * k} floats
   * @param ids receives {@code count * k} longs, -1 where fewer were found
   */
  void search(
      MemorySegment queries, long count, int k, MemorySegment similarities, MemorySegment ids) {
    FaissLibrary.search(open(), count, queries.address(), k, similarities.address(), ids.address());
  }

  @Override
  public void close() {
    long open = address.getAndSet(0);
    if (open != 0) {
      FaissLibrary.free(open);
    }
  }
}
