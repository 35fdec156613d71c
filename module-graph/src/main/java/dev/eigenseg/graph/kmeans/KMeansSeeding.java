package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Greedy k-means++ (Arthur and Vassilvitskii 2007) on a sample: each new centroid is the best of a
 * few rows drawn with probability proportional to their squared distance from the centroids chosen
 * before. Lloyd's algorithm on the sample then takes the seeds most of the way at a fraction of the
 * work (Bradley and Fayyad 1998).
 */
final class KMeansSeeding {
  // More rows hardly change the seeds' quality; Lloyd's algorithm sees them all.
  private static final int SAMPLE_ROWS = 1 << 14;
  private static final int SAMPLE_ROWS_PER_CLUSTER = 64;
  // Passes over the sample end when fewer than one row in so many still changes its cluster.
  private static final int PASSES = 50;
  private static final int SETTLED = 200;
  // Sampled rows of a task: a multiple of the packed panel's width.
  private static final int COLUMNS = 32 * Gemm.columnPanel();

  private final MemorySegment dense;
  private final MemorySegment columnPanels;
  private final float[] rowPanels;
  private final MemorySegment candidates;
  private final MemorySegment products;
  private final float[] norms;
  private final float[] nearest;
  private final int sample;
  private final int dim;
  private final int trials;
  private final int threads;

  private KMeansSeeding(ClusterRows rows, int clusters, int threads, Arena arena, long[] chosen) {
    this.sample = chosen.length;
    this.dim = rows.dim();
    this.threads = threads;
    this.trials = 2 + (int) Math.log(clusters);
    long rowBytes = (long) dim * Float.BYTES;
    this.dense = arena.allocate(sample * rowBytes, 64);
    this.columnPanels = arena.allocate(Gemm.packedColumnBytes(sample, dim), 64);
    this.rowPanels = new float[Gemm.packedRowFloats(trials, dim)];
    this.candidates = arena.allocate(trials * rowBytes, 64);
    this.products = arena.allocate((long) sample * trials * Float.BYTES, 64);
    this.norms = new float[sample];
    this.nearest = new float[sample];
    rows.gather(chosen, dense, norms);
    Gemm.packColumns(dense, 0, sample, dim, columnPanels);
  }

  /** Fills and packs the centroids. */
  static void seed(
      ClusterRows rows, CentroidTable centroids, int threads, SplittableRandom random) {
    long wanted =
        Math.max(SAMPLE_ROWS, Math.multiplyExact(SAMPLE_ROWS_PER_CLUSTER, centroids.clusters()));
    long[] chosen = spread(rows.rows(), (int) Math.min(rows.rows(), wanted), random);
    try (Arena arena = Arena.ofShared()) {
      KMeansSeeding seeding = new KMeansSeeding(rows, centroids.clusters(), threads, arena, chosen);
      seeding.choose(centroids, random);
      centroids.regroup();
      if (chosen.length < rows.rows()) {
        seeding.refine(centroids);
        centroids.regroup();
      }
    }
  }

  /** Distinct rows in rising order, one from each of {@code count} equal pieces. */
  static long[] spread(long rows, int count, SplittableRandom random) {
    long[] chosen = new long[count];
    for (int i = 0; i < count; i++) {
      long begin = Math.floorDiv(Math.multiplyExact(rows, i), count);
      long end = Math.floorDiv(Math.multiplyExact(rows, i + 1), count);
      chosen[i] = random.nextLong(begin, end);
    }
    return chosen;
  }

  private void choose(CentroidTable centroids, SplittableRandom random) {
    Arrays.fill(nearest, Float.POSITIVE_INFINITY);
    take(new int[] {random.nextInt(sample)}, centroids, 0);
    for (int cluster = 1; cluster < centroids.clusters(); cluster++) {
      take(draw(random), centroids, cluster);
    }
  }

  private void refine(CentroidTable centroids) {
    CentroidTable.Rows rows = new CentroidTable.Rows(dense, 0, sample, row -> norms[(int) row]);
    centroids.clearSums();
    try (RowLabels labels = new RowLabels(sample, centroids.groups())) {
      for (int pass = 0; pass < PASSES; pass++) {
        long changed = centroids.assign(rows, labels, false);
        if (changed < sample / SETTLED) {
          return;
        }
        centroids.accumulate(rows, labels);
        centroids.moveToMeans();
      }
    }
  }

  private int[] draw(SplittableRandom random) {
    double[] cumulative = new double[sample];
    double total = 0;
    for (int i = 0; i < sample; i++) {
      total += nearest[i];
      cumulative[i] = total;
    }
    int[] drawn = new int[trials];
    for (int t = 0; t < trials; t++) {
      if (total > 0) {
        int place = Arrays.binarySearch(cumulative, random.nextDouble() * total);
        drawn[t] = firstPositive(place < 0 ? -place - 1 : place + 1);
      } else {
        drawn[t] = random.nextInt(sample); // fewer distinct rows than clusters
      }
    }
    return drawn;
  }

  private int firstPositive(int from) {
    int place = Math.min(from, sample - 1);
    while (place < sample - 1 && nearest[place] == 0) {
      place++;
    }
    return place;
  }

  /** Takes the candidate that leaves the least sum of squared distances, the first of equals. */
  private void take(int[] drawn, CentroidTable centroids, int cluster) {
    long rowBytes = (long) dim * Float.BYTES;
    for (int t = 0; t < drawn.length; t++) {
      MemorySegment.copy(dense, drawn[t] * rowBytes, candidates, t * rowBytes, rowBytes);
    }
    Gemm.packRows(candidates, 0, drawn.length, dim, rowPanels);
    // Few candidates fill panels of rows better than those of columns; a product has the same bits.
    Parallel.forEach(
        threads,
        Math.ceilDiv(sample, COLUMNS),
        part -> {
          int first = (int) part * COLUMNS;
          Gemm.multiply(
              rowPanels,
              drawn.length,
              columnPanels.asSlice((long) first * dim * Float.BYTES),
              Math.min(COLUMNS, sample - first),
              dim,
              products,
              (long) first * Float.BYTES,
              sample);
        });
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int t = 0; t < drawn.length; t++) {
      double left = 0;
      for (int i = 0; i < sample; i++) {
        left += Math.min(nearest[i], distance(i, t, drawn));
      }
      if (left < least) {
        least = left;
        best = t;
      }
    }
    for (int i = 0; i < sample; i++) {
      nearest[i] = Math.min(nearest[i], distance(i, best, drawn));
    }
    MemorySegment.copy(candidates, best * rowBytes, centroids.centroid(cluster), 0, rowBytes);
  }

  private float distance(int row, int trial, int[] drawn) {
    float product = products.getAtIndex(ValueLayout.JAVA_FLOAT, (long) trial * sample + row);
    return Math.max(0, norms[row] - 2 * product + norms[drawn[trial]]);
  }
}
