package dev.eigenseg.graph.rows;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Owns the true neighbours of a few rows, found by comparing them with all rows: 8 bytes a
 * neighbour, outside the heap.
 */
public final class TrueNeighbors implements AutoCloseable {
  /** Rows of a block that is compared with the wanted rows at once. */
  public static final int BLOCK = 480;

  private static final int BATCH = 512;

  private final Tensor ids;
  private final Tensor similarities;

  private TrueNeighbors(int rows, int k) {
    this.ids = Tensor.allocate(DType.I32, rows, k);
    try {
      this.similarities = Tensor.allocate(DType.F32, rows, k);
    } catch (RuntimeException | Error e) {
      ids.close();
      throw e;
    }
  }

  /**
   * Compares.
   *
   * @param rows divided by their norms; borrowed
   * @param of ids of the rows whose neighbours are wanted
   * @param k neighbours of each, less than the number of rows
   */
  public static TrueNeighbors of(
      PreparedRows rows, long[] of, int k, int threads, Progress progress) {
    long blocks = Math.ceilDiv(rows.rows(), BLOCK);
    try (Comparison comparison = new Comparison(rows, of, k);
        Progress.Task task = progress.start("recall", blocks, "blocks")) {
      Parallel.forEach(
          threads,
          blocks,
          block -> {
            progress.checkCancelled();
            comparison.compare(block * BLOCK);
            task.advance(1);
          });
      return comparison.result();
    }
  }

  /** The id of a neighbour; place 0 is the nearest. */
  public long id(int row, int place) {
    return Integer.toUnsignedLong((int) ids.getLong((long) row * ids.size(1) + place));
  }

  /** The similarity of a neighbour; place 0 is the nearest. */
  public float similarity(int row, int place) {
    return similarities.get((long) row * similarities.size(1) + place);
  }

  /**
   * Writes the true neighbours of rows into lists, some rows at a time.
   *
   * @param rows divided by their norms; borrowed
   * @param wanted ids of rows
   * @param lists receive them
   * @param firstRow the row of the first list
   */
  public static void write(
      PreparedRows rows,
      long[] wanted,
      NeighborLists lists,
      long firstRow,
      int threads,
      Progress progress) {
    for (int begin = 0; begin < wanted.length; begin += BATCH) {
      long[] some = Arrays.copyOfRange(wanted, begin, Math.min(wanted.length, begin + BATCH));
      try (TrueNeighbors found = of(rows, some, lists.k(), threads, progress)) {
        for (int i = 0; i < some.length; i++) {
          found.copy(i, some[i] - firstRow, lists);
        }
      }
    }
  }

  private void copy(int row, long targetRow, NeighborLists lists) {
    long bytes = (long) lists.k() * Integer.BYTES;
    MemorySegment.copy(ids.segment(), row * bytes, lists.ids(), targetRow * bytes, bytes);
    MemorySegment.copy(
        similarities.segment(), row * bytes, lists.similarities(), targetRow * bytes, bytes);
  }

  @Override
  public void close() {
    try (ids;
        similarities) {}
  }

  /** Owns the packed rows and their candidates while they meet all others. */
  private static final class Comparison implements AutoCloseable {
    private final PreparedRows rows;
    private final long[] of;
    private final int[] places;
    private final int k;
    private final int capacity;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment panels;
    private final Candidates best;

    Comparison(PreparedRows rows, long[] of, int k) {
      this.rows = rows;
      this.of = of;
      this.places = IntStream.range(0, of.length).toArray();
      this.k = k;
      this.capacity = Math.multiplyExact(2, k);
      try {
        long rowBytes = (long) rows.dim() * Float.BYTES;
        MemorySegment dense = arena.allocate(of.length * rowBytes, 64);
        for (int i = 0; i < of.length; i++) {
          rows.read(of[i], 1, dense.asSlice(i * rowBytes, rowBytes));
        }
        this.panels = arena.allocate(Gemm.packedRowBytes(of.length, rows.dim()), 64);
        Gemm.packRows(dense, 0, of.length, rows.dim(), panels);
        this.best = new Candidates(of.length, k, capacity);
      } catch (RuntimeException | Error e) {
        arena.close();
        throw e;
      }
    }

    void compare(long first) {
      int count = (int) Math.min(BLOCK, rows.rows() - first);
      long[] columnIds = LongStream.range(first, first + count).toArray();
      try (Arena memory = Arena.ofConfined()) {
        MemorySegment dense = memory.allocate((long) count * rows.dim() * Float.BYTES, 64);
        MemorySegment columns = memory.allocate(Gemm.packedColumnBytes(count, rows.dim()), 64);
        MemorySegment scores = memory.allocate((long) of.length * count * Float.BYTES, 64);
        rows.read(first, count, dense);
        Gemm.packColumns(dense, 0, count, rows.dim(), columns);
        Gemm.multiply(panels, of.length, columns, count, rows.dim(), scores, 0, count);
        ProbeScan.Tile tile = new ProbeScan.Tile(scores, places, of, 0, columnIds);
        synchronized (best) {
          ProbeScan.rows(tile, 0, of.length, best, new long[capacity]);
        }
      }
    }

    TrueNeighbors result() {
      TrueNeighbors result = new TrueNeighbors(of.length, k);
      NeighborLists lists = NeighborLists.of(result.ids, result.similarities);
      for (int place : places) {
        best.write(place, place, lists, new long[capacity]);
      }
      return result;
    }

    @Override
    public void close() {
      try (best) {
        arena.close();
      }
    }
  }
}
