package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.vector.Candidates;
import dev.eigenseg.graph.vector.Neighbor;
import dev.eigenseg.graph.vector.NeighborLists;
import dev.eigenseg.graph.vector.PreparedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/**
 * Owns the similarity of each of a few random rows to its true k-th neighbour, found by comparing
 * them with all rows; measures the recall of neighbour lists by it. A neighbour that is as similar
 * as the true last one counts as found, so that ties do not matter.
 */
final class RecallSample implements AutoCloseable {
  /** Rows of a sample: with a recall of 0.95 the interval is about one percent wide. */
  static final int ROWS = 512;

  private static final int BLOCK = 480;
  private static final double ROUNDING = 1e-5;
  private static final double NORMAL_95 = 1.96;

  private final PreparedRows rows;
  private final long[] sample;
  private final int k;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment panels;

  /**
   * Draws rows.
   *
   * @param rows divided by their norms; borrowed
   * @param k neighbours a row, less than the rows
   */
  RecallSample(PreparedRows rows, int k, long seed) {
    this.rows = rows;
    this.k = k;
    this.sample =
        new Random(seed)
            .longs(0, rows.rows())
            .distinct()
            .limit(Math.min(ROWS, rows.rows()))
            .sorted()
            .toArray();
    try {
      long rowBytes = (long) rows.dim() * Float.BYTES;
      MemorySegment dense = arena.allocate(sample.length * rowBytes, 64);
      for (int i = 0; i < sample.length; i++) {
        rows.read(sample[i], 1, dense.asSlice(i * rowBytes, rowBytes));
      }
      panels = arena.allocate(Gemm.packedRowBytes(sample.length, rows.dim()), 64);
      Gemm.packRows(dense, 0, sample.length, rows.dim(), panels);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Compares lists with the truth. */
  Recall measure(Tensor similarities, int threads, Progress progress) {
    float[] last = lastSimilarities(threads, progress);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < sample.length; i++) {
      int found = 0;
      for (int j = 0; j < k; j++) {
        found += similarities.get(sample[i] * k + j) >= last[i] - ROUNDING ? 1 : 0;
      }
      double share = (double) found / k;
      sum += share;
      squares += share * share;
    }
    double mean = sum / sample.length;
    double variance = Math.max(0, squares / sample.length - mean * mean);
    return new Recall(mean, NORMAL_95 * Math.sqrt(variance / sample.length));
  }

  /** For every sampled row the similarity of its k-th true neighbour. */
  private float[] lastSimilarities(int threads, Progress progress) {
    long blocks = Math.ceilDiv(rows.rows(), BLOCK);
    try (Candidates best = new Candidates(sample.length, k, 2 * k);
        Progress.Task task = progress.start("recall", blocks, "blocks")) {
      Parallel.forEach(
          threads,
          blocks,
          block -> {
            progress.checkCancelled();
            compare(block, best);
            task.advance(1);
          });
      return last(best);
    }
  }

  private float[] last(Candidates best) {
    float[] last = new float[sample.length];
    long[] scratch = new long[2 * k];
    try (Tensor ids = Tensor.allocate(DType.I32, sample.length, k);
        Tensor similarities = Tensor.allocate(DType.F32, sample.length, k)) {
      NeighborLists lists = NeighborLists.of(ids, similarities);
      for (int i = 0; i < last.length; i++) {
        best.write(i, i, lists, scratch);
        last[i] = similarities.get((i + 1L) * k - 1);
      }
    }
    return last;
  }

  private void compare(long block, Candidates best) {
    long first = block * BLOCK;
    int count = (int) Math.min(BLOCK, rows.rows() - first);
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment dense = memory.allocate((long) count * rows.dim() * Float.BYTES, 64);
      MemorySegment columns = memory.allocate(Gemm.packedColumnBytes(count, rows.dim()), 64);
      MemorySegment scores = memory.allocate((long) sample.length * count * Float.BYTES, 64);
      rows.read(first, count, dense);
      Gemm.packColumns(dense, 0, count, rows.dim(), columns);
      Gemm.multiply(panels, sample.length, columns, count, rows.dim(), scores, 0, count);
      synchronized (best) {
        offer(scores, first, count, best);
      }
    }
  }

  private void offer(MemorySegment scores, long first, int count, Candidates best) {
    long[] scratch = new long[2 * k];
    for (int i = 0; i < sample.length; i++) {
      for (int j = 0; j < count; j++) {
        if (first + j != sample[i]) {
          float score = scores.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * count + j);
          best.offer(i, Neighbor.key(score, first + j), scratch);
        }
      }
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
