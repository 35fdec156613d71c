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
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Learns lists from evenly spaced rows: k-means into groups, then k-means within each group. With L
 * lists a row meets about 2 sqrt(L) centroids a pass in place of L. Equal rows give equal bytes at
 * any number of threads and any memory.
 */
final class ListTraining {
  // Later passes hardly move centroids, and recall even less.
  private static final int PASSES = 10;
  private static final int PIECE = 4096;

  private final IvfPlan plan;
  private final Room room;
  private final Progress progress;

  /**
   * Where the sampled rows are.
   *
   * @param bytes of memory for copies of them
   * @param files are made up from this name, if copies are not to be in memory
   */
  record Room(long bytes, Optional<Path> files) {
    /** All in memory. */
    static final Room MEMORY = new Room(Long.MAX_VALUE, Optional.empty());

    Optional<Path> file(String kind) {
      return files.map(name -> name.resolveSibling(name.getFileName() + kind));
    }
  }

  ListTraining(IvfPlan plan, Room room, Progress progress) {
    this.plan = plan;
    this.room = room;
    this.progress = progress;
  }

  /** The centroids, to be closed by the caller. */
  ListCentroids learn(PreparedRows rows) throws IOException {
    try (Members members = group(rows)) {
      Tensor[] lists = new Tensor[plan.groups()];
      try {
        Parallel.forEach(
            plan.threads(), lists.length, group -> lists[(int) group] = members.lists((int) group));
        return new ListCentroids(members.groups.centroids(), List.of(lists));
      } finally {
        Closing.all(Arrays.asList(lists), Tensor::close);
      }
    }
  }

  private Members group(PreparedRows rows) throws IOException {
    try (RowTable sample = new RowTable(plan.trainingRows(), plan.dim(), room.file("sample"))) {
      sample.gather(rows, this::sampled, this::taken, plan.threads(), progress::checkCancelled);
      KMeansResult groups =
          cluster(
              sample.slice(0, plan.trainingRows()), plan.groups(), room.bytes(), plan.threads());
      try {
        return new Members(sample, groups);
      } catch (IOException | RuntimeException | Error e) {
        groups.close();
        throw e;
      }
    }
  }

  private KMeansResult cluster(FeatureRows rows, int clusters, long memory, int threads) {
    KMeansOptions options =
        KMeansOptions.of(clusters)
            .withLimits(PASSES, 0)
            .withBatchRows(0)
            .withMemory(memory)
            .withThreads(threads);
    try {
      return KMeans.fit(rows, options, quiet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Only passes on the wish to stop: many small clusterings are one stage to the user. */
  private Progress quiet() {
    return Progress.stoppedBy(progress::cancelled);
  }

  /** The row that is sampled as number {@code i}. */
  private long sampled(long i) {
    return Math.multiplyExact(i, plan.rows()) / plan.trainingRows();
  }

  /** How many rows before {@code row} are sampled. */
  private long taken(long row) {
    return Math.ceilDiv(Math.multiplyExact(row, plan.trainingRows()), plan.rows());
  }

  /** Owns the groups and the sample sorted by them. */
  private final class Members implements AutoCloseable {
    private final KMeansResult groups;
    private final RowTable sorted;
    private final int[] begin;

    Members(RowTable sample, KMeansResult groups) throws IOException {
      this.groups = groups;
      int rows = Math.toIntExact(sample.rows());
      int[] groupOf = groupsOf(sample, groups.centroids());
      this.begin = new int[plan.groups() + 1];
      for (int group : groupOf) {
        begin[group + 1]++;
      }
      for (int group = 0; group < plan.groups(); group++) {
        begin[group + 1] += begin[group];
      }
      int[] next = begin.clone();
      int[] places = new int[rows];
      for (int row = 0; row < rows; row++) {
        places[row] = next[groupOf[row]]++;
      }
      this.sorted = new RowTable(rows, plan.dim(), room.file("sorted"));
      try {
        forEachPiece(
            sample,
            (first, count, dense) -> {
              for (int row = 0; row < count; row++) {
                sorted.write(places[first + row], 1, dense, row * plan.rowBytes());
              }
            });
      } catch (RuntimeException | Error e) {
        sorted.close();
        throw e;
      }
    }

    private int[] groupsOf(RowTable sample, Tensor centroids) {
      int[] groupOf = new int[Math.toIntExact(sample.rows())];
      try (Arena memory = Arena.ofShared()) {
        CentroidPanels panels = new CentroidPanels(memory, centroids);
        forEachPiece(
            sample,
            (first, count, dense) ->
                System.arraycopy(panels.nearest(dense, count), 0, groupOf, first, count));
      }
      return groupOf;
    }

    /** The centroids of a group's lists; a group has as many lists as it has of all rows. */
    Tensor lists(int group) {
      int rows = begin[group + 1] - begin[group];
      int wanted = (int) (upTo(group + 1) - upTo(group));
      int count = Math.min(rows, Math.max(1, wanted));
      if (count == 0) {
        return Tensor.allocate(DType.F32, 0, plan.dim());
      }
      long memory = room.bytes() / plan.threads();
      try (KMeansResult result = cluster(sorted.slice(begin[group], rows), count, memory, 1)) {
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
      try (groups) {
        sorted.close();
      }
    }
  }

  private interface PieceTask {
    void on(int first, int count, MemorySegment dense);
  }

  private void forEachPiece(RowTable rows, PieceTask task) {
    Parallel.forEach(
        plan.threads(),
        Math.ceilDiv(rows.rows(), PIECE),
        piece -> {
          progress.checkCancelled();
          int first = Math.toIntExact(piece * PIECE);
          int count = (int) Math.min(PIECE, rows.rows() - first);
          try (Arena memory = Arena.ofConfined()) {
            MemorySegment dense = memory.allocate(count * plan.rowBytes(), 64);
            rows.read(first, count, dense);
            task.on(first, count, dense);
          }
        });
  }
}
