package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Owns K centroids and the sums from which they move. The nearest centroid of f is the one of
 * largest f.c - |c|^2 / 2, the lowest of equals; sums are taken in double and in the order of rows,
 * whatever the number of threads, and follow the rows that change their cluster.
 */
final class CentroidTable implements AutoCloseable {
  // Channels that one thread sums for all rows: no two threads meet, and no order is left open.
  private static final int SLICE = 32;
  private static final int SCORE_ROWS = 16 * Gemm.rowPanel();

  private final int clusters;
  private final int dim;
  private final int threads;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment centroids;
  private final MemorySegment columnPanels;
  private final float[] squaredNorms;
  private final double[] sums;
  private final long[] counts;

  CentroidTable(int clusters, int dim, int threads) {
    this.clusters = clusters;
    this.dim = dim;
    this.threads = threads;
    try {
      this.centroids = arena.allocate((long) clusters * dim * Float.BYTES, 64);
      this.columnPanels = arena.allocate(Gemm.packedColumnBytes(clusters, dim), 64);
      this.squaredNorms = new float[clusters];
      this.sums = new double[Math.multiplyExact(clusters, dim)];
      this.counts = new long[clusters];
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  int clusters() {
    return clusters;
  }

  int dim() {
    return dim;
  }

  /** The memory of one centroid; {@link #pack} follows its changes. */
  MemorySegment centroid(int cluster) {
    long bytes = (long) dim * Float.BYTES;
    return centroids.asSlice(cluster * bytes, bytes);
  }

  double[] sums() {
    return sums;
  }

  long[] counts() {
    return counts;
  }

  /** Makes the centroids ready for {@link #assign}. */
  void pack() {
    Gemm.packColumns(centroids, 0, clusters, dim, columnPanels);
    for (int cluster = 0; cluster < clusters; cluster++) {
      MemorySegment centroid = centroid(cluster);
      float sum = 0;
      for (long c = 0; c < dim; c++) {
        float value = centroid.getAtIndex(ValueLayout.JAVA_FLOAT, c);
        sum = Math.fma(value, value, sum);
      }
      squaredNorms[cluster] = sum;
    }
  }

  /**
   * Finds the nearest centroids of packed rows.
   *
   * @param norms the rows' squared norms, from {@code firstNorm} on
   * @param labels receives the clusters (ints), from the same place on
   * @param distances receives the squared distances (floats), from the same place on
   * @return how many labels changed
   */
  long assign(
      MemorySegment panels,
      long rows,
      RowNorms norms,
      long firstRow,
      MemorySegment labels,
      MemorySegment distances) {
    long[] changed = new long[Math.toIntExact((rows + ClusterRows.CHUNK - 1) / ClusterRows.CHUNK)];
    ClusterRows.forEachChunk(
        rows,
        threads,
        (first, count) -> {
          try (Arena temporary = Arena.ofConfined()) {
            MemorySegment scores =
                temporary.allocate((long) SCORE_ROWS * clusters * Float.BYTES, 64);
            for (int begin = 0; begin < count; begin += SCORE_ROWS) {
              int part = Math.min(SCORE_ROWS, count - begin);
              MemorySegment rowPanels = ClusterRows.panelsAt(panels, first + begin, dim);
              Gemm.multiply(rowPanels, part, columnPanels, clusters, dim, scores, 0, clusters);
              changed[(int) (first / ClusterRows.CHUNK)] +=
                  label(scores, part, norms, firstRow + first + begin, labels, distances);
            }
          }
        });
    return Arrays.stream(changed).sum();
  }

  /** Squared norms by row. */
  interface RowNorms {
    float of(long row);
  }

  private long label(
      MemorySegment scores,
      int rows,
      RowNorms norms,
      long firstRow,
      MemorySegment labels,
      MemorySegment distances) {
    long changed = 0;
    for (int row = 0; row < rows; row++) {
      long base = (long) row * clusters;
      int best = 0;
      float bestScore = Float.NEGATIVE_INFINITY;
      for (int c = 0; c < clusters; c++) {
        float score = scores.getAtIndex(ValueLayout.JAVA_FLOAT, base + c) - 0.5f * squaredNorms[c];
        if (score > bestScore) {
          bestScore = score;
          best = c;
        }
      }
      float dot = scores.getAtIndex(ValueLayout.JAVA_FLOAT, base + best);
      float distance = norms.of(firstRow + row) - 2 * dot + squaredNorms[best];
      distances.setAtIndex(ValueLayout.JAVA_FLOAT, firstRow + row, Math.max(0, distance));
      if (labels.getAtIndex(ValueLayout.JAVA_INT, firstRow + row) != best) {
        labels.setAtIndex(ValueLayout.JAVA_INT, firstRow + row, best);
        changed++;
      }
    }
    return changed;
  }

  void clearSums() {
    Arrays.fill(sums, 0);
    Arrays.fill(counts, 0);
  }

  /**
   * Moves packed rows from the sums of their former clusters to those of their labels.
   *
   * @param labels the clusters (ints), from {@code firstRow} on
   * @param summed the clusters in whose sums the rows are, -1 for none, from the same place on;
   *     receives the labels
   */
  void accumulate(
      MemorySegment panels, long rows, MemorySegment labels, MemorySegment summed, long firstRow) {
    for (long row = firstRow; row < firstRow + rows; row++) {
      int from = summed.getAtIndex(ValueLayout.JAVA_INT, row);
      if (from >= 0) {
        counts[from]--;
      }
      counts[labels.getAtIndex(ValueLayout.JAVA_INT, row)]++;
    }
    Parallel.forEach(
        threads,
        (dim + (long) SLICE - 1) / SLICE,
        slice -> accumulate(panels, rows, labels, summed, firstRow, (int) slice * SLICE));
    long offset = firstRow * Integer.BYTES;
    MemorySegment.copy(labels, offset, summed, offset, rows * Integer.BYTES);
  }

  private void accumulate(
      MemorySegment panels,
      long rows,
      MemorySegment labels,
      MemorySegment summed,
      long firstRow,
      int firstChannel) {
    int end = Math.min(firstChannel + SLICE, dim);
    for (long row = 0; row < rows; row++) {
      int to = labels.getAtIndex(ValueLayout.JAVA_INT, firstRow + row);
      int from = summed.getAtIndex(ValueLayout.JAVA_INT, firstRow + row);
      if (from == to) {
        continue;
      }
      for (int c = firstChannel; c < end; c++) {
        float value = panels.getAtIndex(ValueLayout.JAVA_FLOAT, Gemm.packedRowIndex(row, c, dim));
        sums[to * dim + c] += value;
        if (from >= 0) {
          sums[from * dim + c] -= value;
        }
      }
    }
  }

  /** Moves every centroid with rows to their mean and returns the squared distance of all moves. */
  double moveToMeans() {
    double moved = 0;
    for (int cluster = 0; cluster < clusters; cluster++) {
      if (counts[cluster] == 0) {
        continue;
      }
      MemorySegment centroid = centroid(cluster);
      for (int c = 0; c < dim; c++) {
        float mean = (float) (sums[cluster * dim + c] / counts[cluster]);
        double step = mean - centroid.getAtIndex(ValueLayout.JAVA_FLOAT, c);
        moved += step * step;
        centroid.setAtIndex(ValueLayout.JAVA_FLOAT, c, mean);
      }
    }
    pack();
    return moved;
  }

  /** An owned copy of the centroids, {@code [K, d]}. */
  Tensor toTensor() {
    Tensor copy = Tensor.allocate(DType.F32, clusters, dim);
    copy.segment().copyFrom(centroids);
    return copy;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
