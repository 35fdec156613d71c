package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.ivf.QuerySample;
import dev.eigenseg.graph.vector.PreparedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Owns the similarity of each of a few random rows to its true k-th neighbour, found by comparing
 * them with all rows; measures the recall of neighbour lists by it. A neighbour that is as similar
 * as the true last one counts as found, so that ties do not matter.
 */
final class RecallSample implements AutoCloseable {
  private static final int BLOCK = 480;
  private static final double ROUNDING = 1e-5;

  private final PreparedRows rows;
  private final long[] sample;
  private final int k;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment panels;

  /**
   * Packs the rows that are held back.
   *
   * @param rows divided by their norms; borrowed
   * @param k neighbours a row, less than the rows
   */
  RecallSample(PreparedRows rows, int k) {
    this.rows = rows;
    this.k = k;
    this.sample = QuerySample.of(rows.rows()).heldBack();
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
    double[] shares = new double[sample.length];
    for (int i = 0; i < sample.length; i++) {
      int found = 0;
      for (int j = 0; j < k; j++) {
        found += similarities.get(sample[i] * k + j) >= last[i] - ROUNDING ? 1 : 0;
      }
      shares[i] = (double) found / k;
    }
    return Recall.of(shares);
  }

  /** For every sampled row the similarity of its k-th true neighbour. */
  private float[] lastSimilarities(int threads, Progress progress) {
    long blocks = Math.ceilDiv(rows.rows(), BLOCK);
    float[][] best = new float[sample.length][];
    Arrays.setAll(best, i -> new float[] {});
    try (Progress.Task task = progress.start("recall", blocks, "blocks")) {
      Parallel.forEach(
          threads,
          blocks,
          block -> {
            progress.checkCancelled();
            compare(block, best);
            task.advance(1);
          });
    }
    float[] last = new float[sample.length];
    for (int i = 0; i < last.length; i++) {
      last[i] = best[i][0];
    }
    return last;
  }

  private void compare(long block, float[][] best) {
    long first = block * BLOCK;
    int count = (int) Math.min(BLOCK, rows.rows() - first);
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment dense = memory.allocate((long) count * rows.dim() * Float.BYTES, 64);
      MemorySegment columns = memory.allocate(Gemm.packedColumnBytes(count, rows.dim()), 64);
      MemorySegment scores = memory.allocate((long) sample.length * count * Float.BYTES, 64);
      rows.read(first, count, dense);
      Gemm.packColumns(dense, 0, count, rows.dim(), columns);
      Gemm.multiply(panels, sample.length, columns, count, rows.dim(), scores, 0, count);
      for (int i = 0; i < sample.length; i++) {
        float[] own = new float[count];
        MemorySegment.copy(
            scores, ValueLayout.JAVA_FLOAT, (long) i * count * Float.BYTES, own, 0, count);
        long self = sample[i] - first;
        if (self >= 0 && self < count) {
          own[(int) self] = Float.NEGATIVE_INFINITY;
        }
        synchronized (sample) {
          best[i] = largest(best[i], own);
        }
      }
    }
  }

  /** The k largest of both by rising value, or all if they are fewer. */
  private float[] largest(float[] a, float[] b) {
    float[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    Arrays.sort(both);
    return both.length <= k ? both : Arrays.copyOfRange(both, both.length - k, both.length);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
