package dev.eigenseg.graph.faiss;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine.Request;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.rows.Neighbor;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.PreparedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Owns the memory of one search: fills an index with all rows, then asks it for the neighbours of
 * every row, a block at a time.
 */
final class FaissSearch implements AutoCloseable {
  private static final long BLOCK = 4096;
  private static final long HNSW_LINK_BYTES = 2L * FaissIndex.HNSW_LINKS * Integer.BYTES + 64;

  private final Request request;
  private final PreparedRows rows;
  private final Progress progress;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment block;
  private final MemorySegment similarities;
  private final MemorySegment ids;
  private final int asked; // one more than k, for the row itself

  FaissSearch(Request request, PreparedRows rows, Progress progress) {
    this.request = request;
    this.rows = rows;
    this.progress = progress;
    this.asked = request.k() + 1;
    try {
      long blockRows = Math.min(BLOCK, rows.rows());
      block = arena.allocate(blockRows * rows.dim() * Float.BYTES, 64);
      similarities = arena.allocate(blockRows * asked * Float.BYTES, 64);
      ids = arena.allocate(blockRows * asked * Long.BYTES, 64);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Peak bytes, heap and off-heap together, without the results. */
  static long bytes(Request request) {
    long n = request.features().rows();
    long rowBytes = (long) request.features().dim() * Float.BYTES;
    KnnIndex index = request.index();
    long blocks = Math.min(BLOCK, n) * (rowBytes + (request.k() + 1L) * (Float.BYTES + Long.BYTES));
    long own =
        switch (index.kind()) {
          case EXACT -> n * rowBytes;
          case IVF -> {
            int lists = index.listsFor(n);
            // The training rows are there while the index is still empty.
            yield n * ((index.half() ? rowBytes / 2 : rowBytes) + Long.BYTES)
                + lists * rowBytes
                + index.trainingRowsFor(lists, n) * rowBytes;
          }
          case HNSW -> n * (rowBytes + HNSW_LINK_BYTES);
        };
    return own + blocks + n * Float.BYTES;
  }

  void run(NeighborLists lists) {
    int before = FaissLibrary.threads();
    FaissLibrary.useThreads(request.threads());
    int invertedLists = request.index().listsFor(rows.rows());
    try (FaissIndex index = FaissIndex.of(request.index(), rows.dim(), invertedLists)) {
      if (request.index().kind() == KnnIndex.Kind.IVF) {
        train(index, invertedLists);
        index.useProbes(request.index().probesOf(invertedLists));
      } else if (request.index().kind() == KnnIndex.Kind.HNSW) {
        index.useEfSearch(request.index().efSearchFor(asked));
      }
      long n = rows.rows();
      try (Progress.Task task = progress.start("graph", 2 * n, "rows")) {
        forEachBlock((first, count) -> index.add(block, count), task);
        forEachBlock(
            (first, count) -> {
              index.search(block, count, asked, similarities, ids);
              write(first, count, lists);
            },
            task);
      }
    } finally {
      FaissLibrary.useThreads(before);
    }
  }

  // Evenly spaced rows: neighbours in a bank come from one image, so the first rows would be a poor
  // sample.
  private void train(FaissIndex index, int lists) {
    long count = request.index().trainingRowsFor(lists, rows.rows());
    try (Arena memory = Arena.ofConfined()) {
      long rowBytes = (long) rows.dim() * Float.BYTES;
      MemorySegment sample = memory.allocate(count * rowBytes, 64);
      for (long i = 0; i < count; i++) {
        progress.checkCancelled();
        rows.read(
            (long) ((double) i * rows.rows() / count), 1, sample.asSlice(i * rowBytes, rowBytes));
      }
      index.train(sample, count);
    }
  }

  private interface BlockTask {
    void run(long first, long count);
  }

  private void forEachBlock(BlockTask work, Progress.Task task) {
    for (long first = 0; first < rows.rows(); first += BLOCK) {
      progress.checkCancelled();
      long count = Math.min(BLOCK, rows.rows() - first);
      rows.read(first, count, block);
      work.run(first, count);
      task.advance(count);
    }
  }

  private void write(long first, long count, NeighborLists lists) {
    long[] keys = new long[asked];
    for (long row = 0; row < count; row++) {
      int found = neighbors(row, first + row, keys);
      if (found < request.k()) {
        found = fill(first + row, keys, found);
      }
      Arrays.sort(keys, 0, found);
      lists.write(first + row, keys, found);
    }
  }

  /** The row's neighbours without itself, as sortable keys; returns how many. */
  private int neighbors(long row, long self, long[] keys) {
    int found = 0;
    for (int i = 0; i < asked; i++) {
      long id = ids.getAtIndex(ValueLayout.JAVA_LONG, row * asked + i);
      if (id >= 0 && id != self) {
        keys[found++] =
            Neighbor.key(similarities.getAtIndex(ValueLayout.JAVA_FLOAT, row * asked + i), id);
      }
    }
    // Without itself among them (rows that are equal to it crowd it out) there is one too many; the
    // library gives them by falling similarity.
    return Math.min(found, request.k());
  }

  // An index may propose fewer than k rows. Lists are complete, so the lowest ids that are not
  // among them follow, with a similarity of 0 and thus no edge; the measured recall counts them
  // as missed.
  private int fill(long self, long[] keys, int found) {
    int count = found;
    for (long id = 0; count < request.k(); id++) {
      long candidate = id;
      boolean known =
          Arrays.stream(keys, 0, found)
              .anyMatch(key -> Integer.toUnsignedLong(Neighbor.id(key)) == candidate);
      if (id != self && !known) {
        keys[count++] = Neighbor.key(0, id);
      }
    }
    return count;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
