package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kmeans.KMeans;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.graph.kmeans.KMeansResult;
import dev.eigenseg.graph.rows.PreparedRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * Learns lists from evenly spaced rows: k-means into groups, then k-means within each group. With L
 * lists a row meets about 2 sqrt(L) centroids a pass in place of L. Equal rows give equal bytes at
 * any number of threads.
 */
final class ListTraining {
  // Later passes hardly move centroids, and recall even less.
  private static final int PASSES = 10;
  private static final int READ_ROWS = 512;

  private final IvfPlan plan;
  private final Progress progress;

  ListTraining(IvfPlan plan, Progress progress) {
    this.plan = plan;
    this.progress = progress;
  }

  /** The centroids, to be closed by the caller. */
  ListCentroids learn(PreparedRows rows) {
    try (Tensor sample = sample(rows);
        KMeansResult groups = cluster(sample, plan.groups(), plan.threads());
        Members members = new Members(sample, groups.centroids())) {
      Tensor[] lists = new Tensor[plan.groups()];
      try {
        Parallel.forEach(
            plan.threads(), lists.length, group -> lists[(int) group] = members.lists((int) group));
        return new ListCentroids(groups.centroids(), List.of(lists));
      } finally {
        Closing.all(Arrays.asList(lists), Tensor::close);
      }
    }
  }

  private KMeansResult cluster(Tensor rows, int clusters, int threads) {
    KMeansOptions options =
        KMeansOptions.of(clusters)
            .withLimits(PASSES, 0)
            .withBatchRows(0)
            .withMemory(Long.MAX_VALUE)
            .withThreads(threads);
    try {
      return KMeans.fit(FeatureRows.of(rows), options, quiet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Only passes on the wish to stop: many small clusterings are one stage to the user. */
  private Progress quiet() {
    return Progress.stoppedBy(progress::cancelled);
  }

  // All rows are read, in blocks: a row by itself would be a mapping of its own.
  private Tensor sample(PreparedRows rows) {
    int dim = plan.dim();
    Tensor sample = Tensor.allocate(DType.F32, plan.trainingRows(), dim);
    long rowBytes = (long) dim * Float.BYTES;
    try {
      Parallel.forEach(
          plan.threads(),
          Math.ceilDiv(plan.rows(), READ_ROWS),
          block -> {
            progress.checkCancelled();
            long first = block * READ_ROWS;
            long end = Math.min(first + READ_ROWS, plan.rows());
            try (Arena memory = Arena.ofConfined()) {
              MemorySegment dense = memory.allocate((end - first) * rowBytes, 64);
              rows.read(first, end - first, dense);
              long taken = taken(first);
              for (long row = sampled(taken); taken < plan.trainingRows() && row < end; ) {
                MemorySegment.copy(
                    dense, (row - first) * rowBytes, sample.segment(), taken * rowBytes, rowBytes);
                row = sampled(++taken);
              }
            }
          });
      return sample;
    } catch (RuntimeException | Error e) {
      sample.close();
      throw e;
    }
  }

  /** The row that is sampled as number {@code i}. */
  private long sampled(long i) {
    return Math.multiplyExact(i, plan.rows()) / plan.trainingRows();
  }

  /** How many rows before {@code row} are sampled. */
  private long taken(long row) {
    return Math.ceilDiv(Math.multiplyExact(row, plan.trainingRows()), plan.rows());
  }

  /** Owns the sample sorted by group. */
  private final class Members implements AutoCloseable {
    private final Tensor sorted;
    private final int[] begin;

    Members(Tensor sample, Tensor groups) {
      int rows = Math.toIntExact(sample.size(0));
      int[] groupOf;
      try (Arena memory = Arena.ofConfined()) {
        groupOf = new CentroidPanels(memory, groups).nearest(sample.segment(), rows);
      }
      this.begin = new int[plan.groups() + 1];
      for (int group : groupOf) {
        begin[group + 1]++;
      }
      for (int group = 0; group < plan.groups(); group++) {
        begin[group + 1] += begin[group];
      }
      this.sorted = Tensor.allocate(DType.F32, rows, plan.dim());
      int[] next = begin.clone();
      long rowBytes = (long) plan.dim() * Float.BYTES;
      for (int row = 0; row < rows; row++) {
        long target = next[groupOf[row]]++;
        MemorySegment.copy(
            sample.segment(), row * rowBytes, sorted.segment(), target * rowBytes, rowBytes);
      }
    }

    /** The centroids of a group's lists; a group has as many lists as it has of all rows. */
    Tensor lists(int group) {
      int rows = begin[group + 1] - begin[group];
      int wanted = (int) (upTo(group + 1) - upTo(group));
      int count = Math.min(rows, Math.max(1, wanted));
      if (count == 0) {
        return Tensor.allocate(DType.F32, 0, plan.dim());
      }
      try (KMeansResult result = cluster(sorted.slice(begin[group], rows), count, 1)) {
        Tensor centroids = Tensor.allocate(DType.F32, count, plan.dim());
        centroids.segment().copyFrom(result.centroids().segment());
        return centroids;
      }
    }

    private long upTo(int group) {
      return Math.round((double) begin[group] * plan.lists() / plan.trainingRows());
    }

    @Override
    public void close() {
      sorted.close();
    }
  }
}
