package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Owns K centroids and the sums from which they move. The nearest centroid of f is the one of
 * largest f.c - |c|^2 / 2, the lowest of equals; sums are taken in double and in the order of rows,
 * whatever the number of threads, and follow the rows that change their cluster.
 */
final class CentroidTable implements AutoCloseable {
  // Channels that one thread sums for all rows: no two threads meet, and no order is left open.
  private static final int SLICE = 32;
  private static final int LISTED = 1 << 20;

  private final int clusters;
  private final int dim;
  private final int threads;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment centroids;
  private final CentroidGroups groups;
  private final Queue<NearestSearch> idle = new ConcurrentLinkedQueue<>();
  private final float[] squaredNorms;
  private final double[] sums;
  private final long[] counts;
  private final double[] ways;
  private final double[] longestWays;
  private double largestNorm;

  CentroidTable(int clusters, int dim, int threads) {
    this.clusters = clusters;
    this.dim = dim;
    this.threads = threads;
    try {
      this.centroids = arena.allocate((long) clusters * dim * Float.BYTES, 64);
      this.groups = new CentroidGroups(clusters, dim, arena);
      this.squaredNorms = new float[clusters];
      this.sums = new double[Math.multiplyExact(clusters, dim)];
      this.counts = new long[clusters];
      this.ways = new double[clusters];
      this.longestWays = new double[groups.count()];
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

  /** Groups of centroids that there can be bounds for. */
  int groups() {
    return groups.count();
  }

  /** The memory of one centroid; {@link #pack} follows its changes. */
  MemorySegment centroid(int cluster) {
    long bytes = (long) dim * Float.BYTES;
    return centroids.asSlice(cluster * bytes, bytes);
  }

  float squaredNorm(int cluster) {
    return squaredNorms[cluster];
  }

  /** At least the norm of any centroid, but for rounding. */
  double largestNorm() {
    return largestNorm;
  }

  /**
   * The length of all moves to means that each centroid has made since it was {@link #regroup}ed.
   */
  double[] ways() {
    return ways;
  }

  /** For each group, the sum over these moves of the longest that any of its centroids made. */
  double[] longestWays() {
    return longestWays;
  }

  double[] sums() {
    return sums;
  }

  long[] counts() {
    return counts;
  }

  /** Makes the centroids ready for {@link #assign}, in new groups; the old bounds are void. */
  void regroup() {
    measure();
    Arrays.fill(ways, 0);
    Arrays.fill(longestWays, 0);
    groups.form(centroids, squaredNorms);
    groups.pack(centroids, squaredNorms);
  }

  /** Makes the centroids ready for {@link #assign}, in the groups that they were in. */
  void pack() {
    measure();
    groups.pack(centroids, squaredNorms);
  }

  private void measure() {
    float largest = 0;
    for (int cluster = 0; cluster < clusters; cluster++) {
      MemorySegment centroid = centroid(cluster);
      float sum = 0;
      for (long c = 0; c < dim; c++) {
        float value = centroid.getAtIndex(ValueLayout.JAVA_FLOAT, c);
        sum = Math.fma(value, value, sum);
      }
      squaredNorms[cluster] = sum;
      largest = Math.max(largest, sum);
    }
    largestNorm = Math.sqrt(largest);
  }

  /** Rows one after the other, and their squared norms. */
  record Rows(MemorySegment dense, long first, long count, RowNorms norms) {}

  /** Squared norms by row. */
  interface RowNorms {
    float of(long row);
  }

  /**
   * Finds the nearest centroids of rows.
   *
   * @param labels receives the clusters; their bounds are those of this table
   * @param measure whether all distances are wanted, not only those of rows that have to be
   *     searched for
   * @return how many labels changed
   */
  long assign(Rows rows, RowLabels labels, boolean measure) {
    long[] changed =
        new long[Math.toIntExact(Math.ceilDiv(rows.count(), (long) ClusterRows.CHUNK))];
    ClusterRows.forEachChunk(
        rows.count(),
        threads,
        (first, count) -> {
          NearestSearch search = idle.poll();
          if (search == null) {
            search = new NearestSearch(this, groups);
          }
          try {
            changed[(int) (first / ClusterRows.CHUNK)] =
                search.label(
                    new NearestSearch.Chunk(
                        rows.dense(), first, rows.first() + first, count, rows.norms()),
                    labels,
                    measure);
          } finally {
            idle.add(search);
          }
        });
    return Arrays.stream(changed).sum();
  }

  void clearSums() {
    Arrays.fill(sums, 0);
    Arrays.fill(counts, 0);
  }

  /** Moves rows from the sums of their former clusters to those of their labels. */
  void accumulate(Rows rows, RowLabels labels) {
    for (long begin = 0; begin < rows.count(); begin += LISTED) {
      long count = Math.min(LISTED, rows.count() - begin);
      long offset = begin * dim * Float.BYTES;
      accumulateListed(
          new Rows(rows.dense().asSlice(offset), rows.first() + begin, count, rows.norms()),
          labels);
    }
  }

  private void accumulateListed(Rows rows, RowLabels labels) {
    int[] listed = new int[(int) rows.count()];
    int count = 0;
    for (int row = 0; row < rows.count(); row++) {
      int from = labels.summed(rows.first() + row);
      int to = labels.label(rows.first() + row);
      if (from != to) {
        listed[count++] = row;
        counts[to]++;
        if (from != RowLabels.NONE) {
          counts[from]--;
        }
      }
    }
    int[] moved = Arrays.copyOf(listed, count);
    Parallel.forEach(
        threads,
        Math.ceilDiv(dim, SLICE),
        slice -> accumulate(rows, moved, labels, (int) slice * SLICE));
    for (int row : moved) {
      labels.summed(rows.first() + row, labels.label(rows.first() + row));
    }
  }

  private void accumulate(Rows rows, int[] moved, RowLabels labels, int firstChannel) {
    int length = Math.min(SLICE, dim - firstChannel);
    float[] values = new float[length];
    for (int row : moved) {
      long place = ((long) row * dim + firstChannel) * Float.BYTES;
      MemorySegment.copy(rows.dense(), ValueLayout.JAVA_FLOAT, place, values, 0, length);
      int to = labels.label(rows.first() + row) * dim + firstChannel;
      for (int c = 0; c < length; c++) {
        sums[to + c] += values[c];
      }
      int from = labels.summed(rows.first() + row);
      if (from != RowLabels.NONE) {
        int begin = from * dim + firstChannel;
        for (int c = 0; c < length; c++) {
          sums[begin + c] -= values[c];
        }
      }
    }
  }

  /** Moves every centroid with rows to their mean and returns the squared distance of all moves. */
  double moveToMeans() {
    double moved = 0;
    double[] longest = new double[groups.count()];
    for (int cluster = 0; cluster < clusters; cluster++) {
      double squared = counts[cluster] == 0 ? 0 : moveToMean(cluster);
      moved += squared;
      double length = Math.sqrt(squared);
      ways[cluster] += length;
      int group = groups.groupOf(cluster);
      longest[group] = Math.max(longest[group], length);
    }
    for (int group = 0; group < longest.length; group++) {
      longestWays[group] += longest[group];
    }
    pack();
    return moved;
  }

  private double moveToMean(int cluster) {
    MemorySegment centroid = centroid(cluster);
    double squared = 0;
    for (int c = 0; c < dim; c++) {
      float mean = (float) (sums[cluster * dim + c] / counts[cluster]);
      double step = (double) mean - centroid.getAtIndex(ValueLayout.JAVA_FLOAT, c);
      squared += step * step;
      centroid.setAtIndex(ValueLayout.JAVA_FLOAT, c, mean);
    }
    return squared;
  }

  /** An owned copy of the centroids, {@code [K, d]}. */
  Tensor toTensor() {
    Tensor copy = Tensor.allocate(DType.F32, clusters, dim);
    copy.segment().copyFrom(centroids);
    return copy;
  }

  @Override
  public void close() {
    for (NearestSearch search = idle.poll(); search != null; search = idle.poll()) {
      search.close();
    }
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
