package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * What a pass of Lloyd's algorithm finds in a share of the rows: for whoever divides the rows among
 * machines and adds up. Depends on the rows and the centroids alone, not on threads. Immutable.
 */
public final class KMeansShare {
  private final int dim;
  private final double[] sums;
  private final long[] counts;
  private final double squares;
  private final double inertia;

  private KMeansShare(int dim, double[] sums, long[] counts, double squares, double inertia) {
    this.dim = dim;
    this.sums = sums;
    this.counts = counts;
    this.squares = squares;
    this.inertia = inertia;
  }

  /** Some consecutive rows of many. */
  private record Range(FeatureRows all, long first, long rows) implements FeatureRows {
    Range {
      Objects.checkFromIndexSize(first, rows, all.rows());
    }

    @Override
    public int dim() {
      return all.dim();
    }

    @Override
    public void read(long firstRow, long count, MemorySegment target) throws IOException {
      Objects.checkFromIndexSize(firstRow, count, rows);
      all.read(first + firstRow, count, target);
    }
  }

  /**
   * Assigns rows to their nearest centroids, the lowest of equals.
   *
   * @param rows of which some are the share
   * @param first the share's first row
   * @param count its rows, which are copied into memory, float32
   * @param centroids float32 {@code [K, d]}; borrowed
   * @param normalize whether rows are divided by their L2 norm first
   * @throws dev.eigenseg.api.BadInputException if a row is not finite
   */
  public static KMeansShare of(
      FeatureRows rows,
      long first,
      long count,
      Tensor centroids,
      boolean normalize,
      int threads,
      Progress progress)
      throws IOException {
    int clusters = Math.toIntExact(centroids.size(0));
    int dim = rows.dim();
    if (centroids.size(1) != dim) {
      throw new IllegalArgumentException(
          "centroids %s of rows of %d channels".formatted(centroids, dim));
    }
    try (ClusterRows share =
            ClusterRows.of(
                new Range(rows, first, count), normalize, Long.MAX_VALUE, threads, progress);
        CentroidTable table = new CentroidTable(clusters, dim, threads);
        RowLabels labels = new RowLabels(count, 0)) {
      long rowBytes = (long) dim * Float.BYTES;
      for (int cluster = 0; cluster < clusters; cluster++) {
        MemorySegment.copy(
            centroids.segment(), cluster * rowBytes, table.centroid(cluster), 0, rowBytes);
      }
      table.regroup();
      table.clearSums();
      share.forEachWindow(
          progress,
          window -> {
            CentroidTable.Rows shown =
                new CentroidTable.Rows(
                    window.dense(), window.first(), window.count(), share::squaredNorm);
            table.assign(shown, labels, true);
            table.accumulate(shown, labels);
          });
      double squares = 0;
      double inertia = 0;
      for (long row = 0; row < count; row++) {
        squares += share.squaredNorm(row);
        inertia += labels.distance(row);
      }
      return new KMeansShare(dim, table.sums().clone(), table.counts().clone(), squares, inertia);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** The sum of a channel over the rows of a cluster. */
  public double sum(int cluster, int channel) {
    return sums[cluster * dim + Objects.checkIndex(channel, dim)];
  }

  /** The rows of a cluster. */
  public long count(int cluster) {
    return counts[cluster];
  }

  /** The sum of all squared values. */
  public double squares() {
    return squares;
  }

  /** The sum of squared distances of the rows to their nearest centroids. */
  public double inertia() {
    return inertia;
  }
}
