package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Owns the state of a k-means search: labels and distances of all rows, the centroids and whose
 * rows are in their sums; for one thread, which starts others.
 */
final class KMeansSearch implements AutoCloseable {
  // Mini-batch steps without a better average that end a start; clusters without rows start again
  // as often.
  private static final int PATIENCE = 10;

  private final ClusterRows rows;
  private final KMeansOptions options;
  private final boolean batches;
  private final Progress progress;
  private final CentroidTable table;
  private final RowLabels labels;

  KMeansSearch(ClusterRows rows, KMeansOptions options, boolean batches, Progress progress) {
    this.rows = rows;
    this.options = options;
    this.progress = progress;
    this.batches = batches;
    this.table = new CentroidTable(options.clusters(), rows.dim(), options.threads());
    try {
      this.labels = new RowLabels(rows.rows(), batches ? 0 : table.groups());
    } catch (RuntimeException | Error e) {
      table.close();
      throw e;
    }
  }

  /** The best of all starts. */
  KMeansResult best(Progress.Task task) {
    SplittableRandom seeds = new SplittableRandom(options.seed());
    KMeansResult best = start(seeds.split(), task);
    for (int init = 1; init < options.inits(); init++) {
      KMeansResult next;
      try {
        next = start(seeds.split(), task);
      } catch (RuntimeException | Error e) {
        best.close();
        throw e;
      }
      if (next.inertia() < best.inertia()) {
        best.close();
        best = next;
      } else {
        next.close();
      }
    }
    return best;
  }

  private KMeansResult start(SplittableRandom random, Progress.Task task) {
    seed(random);
    return converge(random, task);
  }

  /** Chooses the centroids that a start begins with. */
  void seed(SplittableRandom random) {
    KMeansSeeding.seed(rows, table, options.threads(), random);
  }

  /** The centroids as they are now, {@code [K, d]}; owned by the caller. */
  Tensor centroids() {
    return table.toTensor();
  }

  /** One start from the centroids that {@link #seed} has chosen. */
  KMeansResult converge(SplittableRandom random, Progress.Task task) {
    labels.forget(rows.rows());
    table.clearSums();
    int iterations = batches ? batchSteps(random, task) : passes(task);
    assign(Wanted.DISTANCES);
    return new KMeansResult(centroids(), inertia(), iterations);
  }

  // ---- Lloyd's algorithm

  private int passes(Progress.Task task) {
    double tolerance = options.tolerance() == 0 ? 0 : options.tolerance() * meanVariance();
    for (int pass = 1; pass <= options.maxIterations(); pass++) {
      long changed = assign(Wanted.SUMS);
      boolean restarted = restartEmpty();
      double moved = table.moveToMeans();
      task.advance(1);
      if (!restarted && (changed == 0 || moved < tolerance)) {
        return pass;
      }
    }
    return options.maxIterations();
  }

  /** What a pass over all rows is for, besides labels. */
  private enum Wanted {
    SUMS,
    DISTANCES
  }

  /** Labels all rows and returns how many labels changed. */
  private long assign(Wanted wanted) {
    long[] changed = new long[1];
    rows.forEachWindow(
        progress,
        window -> {
          CentroidTable.Rows shown = shown(window);
          changed[0] += table.assign(shown, labels, wanted == Wanted.DISTANCES);
          if (wanted == Wanted.SUMS) {
            table.accumulate(shown, labels);
          }
        });
    return changed[0];
  }

  private CentroidTable.Rows shown(ClusterRows.Window window) {
    return new CentroidTable.Rows(
        window.dense(), window.first(), window.count(), rows::squaredNorm);
  }

  private double inertia() {
    double sum = 0;
    for (long row = 0; row < rows.rows(); row++) {
      sum += labels.distance(row);
    }
    return sum;
  }

  /** The variance of a channel over all rows, averaged over the channels. */
  private double meanVariance() {
    double squares = 0;
    for (long row = 0; row < rows.rows(); row++) {
      squares += rows.squaredNorm(row);
    }
    try (CentroidTable single = new CentroidTable(1, rows.dim(), options.threads());
        RowLabels alike = new RowLabels(rows.rows(), 0)) {
      alike.labelAll(0);
      rows.forEachWindow(progress, window -> single.accumulate(shown(window), alike));
      double meanSquares = 0;
      for (double sum : single.sums()) {
        double mean = sum / rows.rows();
        meanSquares += mean * mean;
      }
      return Math.max(0, squares / rows.rows() - meanSquares) / rows.dim();
    }
  }

  /**
   * Gives every empty cluster the row farthest from its centroid; false if there is none to give or
   * to receive.
   */
  private boolean restartEmpty() {
    int[] empty = emptyClusters();
    if (empty.length == 0) {
      return false;
    }
    assign(Wanted.DISTANCES);
    List<Long> farthest = farthest(rows.rows(), empty.length);
    int given = 0;
    try (Arena temporary = Arena.ofConfined()) {
      MemorySegment row = temporary.allocate(ValueLayout.JAVA_FLOAT, rows.dim());
      for (long place : farthest) {
        int donor = labels.label(place);
        if (table.counts()[donor] > 1) {
          rows.read(place, row);
          move(row, donor, empty[given]);
          labels.give(place, empty[given++]);
        }
      }
    }
    return given > 0;
  }

  private void move(MemorySegment row, int from, int to) {
    for (int c = 0; c < rows.dim(); c++) {
      float value = row.getAtIndex(ValueLayout.JAVA_FLOAT, c);
      table.sums()[from * rows.dim() + c] -= value;
      table.sums()[to * rows.dim() + c] += value;
    }
    table.counts()[from]--;
    table.counts()[to]++;
  }

  private int[] emptyClusters() {
    return IntStream.range(0, options.clusters())
        .filter(cluster -> table.counts()[cluster] == 0)
        .toArray();
  }

  /** The rows of the largest positive distances, farthest first, the lower of equals. */
  private List<Long> farthest(long count, int wanted) {
    if (wanted == 0) {
      return List.of();
    }
    Comparator<Long> nearestFirst =
        Comparator.<Long>comparingDouble(labels::distance).thenComparing(Comparator.reverseOrder());
    PriorityQueue<Long> held = new PriorityQueue<>(nearestFirst);
    for (long row = 0; row < count; row++) {
      if (labels.distance(row) > 0) {
        held.add(row);
        if (held.size() > wanted) {
          held.poll();
        }
      }
    }
    return held.stream().sorted(nearestFirst.reversed()).toList();
  }

  // ---- mini-batches (Sculley 2010): every centroid moves by the inverse of the rows it has seen

  private int batchSteps(SplittableRandom random, Progress.Task task) {
    int size = options.batchRows(rows.rows());
    long[] seen = new long[options.clusters()];
    double smoothed = Double.NaN;
    double least = Double.POSITIVE_INFINITY;
    int without = 0;
    // The mean over about one pass through the bank.
    double weight = Math.min(1, 2.0 * size / rows.rows());
    try (Arena temporary = Arena.ofShared()) {
      Batch batch = new Batch(temporary, size);
      for (int step = 1; step <= options.maxIterations(); step++) {
        progress.checkCancelled();
        double inertia = batch.step(random, seen, step % PATIENCE == 0);
        task.advance(1);
        smoothed = Double.isNaN(smoothed) ? inertia : smoothed + weight * (inertia - smoothed);
        without = smoothed < least ? 0 : without + 1;
        least = Math.min(least, smoothed);
        if (without >= PATIENCE) {
          return step;
        }
      }
    }
    return options.maxIterations();
  }

  /**
   * The memory of one mini-batch. Its labels, sums and distances use the beginnings of those of all
   * rows.
   */
  private final class Batch {
    private final int size;
    private final MemorySegment dense;
    private final float[] norms;

    Batch(Arena memory, int size) {
      this.size = size;
      this.dense = memory.allocate((long) size * rows.dim() * Float.BYTES, 64);
      this.norms = new float[size];
    }

    double step(SplittableRandom random, long[] seen, boolean restart) {
      rows.gather(KMeansSeeding.spread(rows.rows(), size, random), dense, norms);
      table.clearSums();
      labels.forget(size);
      CentroidTable.Rows drawn = new CentroidTable.Rows(dense, 0, size, row -> norms[(int) row]);
      table.assign(drawn, labels, true);
      table.accumulate(drawn, labels);
      move(seen);
      if (restart) {
        restartUnseen(seen);
      }
      table.pack();
      double inertia = 0;
      for (long i = 0; i < size; i++) {
        inertia += labels.distance(i);
      }
      return inertia / size;
    }

    private void move(long[] seen) {
      for (int cluster = 0; cluster < seen.length; cluster++) {
        long count = table.counts()[cluster];
        seen[cluster] += count;
        MemorySegment centroid = table.centroid(cluster);
        for (int c = 0; count > 0 && c < rows.dim(); c++) {
          double old = centroid.getAtIndex(ValueLayout.JAVA_FLOAT, c);
          double step = table.sums()[cluster * rows.dim() + c] - count * old;
          centroid.setAtIndex(ValueLayout.JAVA_FLOAT, c, (float) (old + step / seen[cluster]));
        }
      }
    }

    private void restartUnseen(long[] seen) {
      int[] unseen = IntStream.range(0, seen.length).filter(c -> seen[c] == 0).toArray();
      long rowBytes = (long) rows.dim() * Float.BYTES;
      int given = 0;
      for (long place : farthest(size, unseen.length)) {
        MemorySegment centroid = table.centroid(unseen[given]);
        MemorySegment.copy(dense, place * rowBytes, centroid, 0, rowBytes);
        seen[unseen[given++]] = 1;
      }
    }
  }

  @Override
  public void close() {
    try (table) {
      labels.close();
    }
  }
}
