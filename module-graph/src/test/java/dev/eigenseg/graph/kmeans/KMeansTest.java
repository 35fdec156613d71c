package dev.eigenseg.graph.kmeans;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.StoppingProgress;
import dev.eigenseg.graph.TestSeed;
import dev.eigenseg.graph.rows.PreparedRows;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KMeansTest {
  private static KMeansOptions options(int clusters) {
    return KMeansOptions.of(clusters).withThreads(2);
  }

  /** Groups of rows around far-apart points. */
  private static Tensor groups(Random random, int groups, int each, int dim) {
    Tensor rows = Tensor.allocate(DType.F32, (long) groups * each, dim);
    for (int g = 0; g < groups; g++) {
      float[] center = new float[dim];
      for (int c = 0; c < dim; c++) {
        center[c] = 20 * random.nextFloat();
      }
      for (int i = 0; i < each; i++) {
        for (int c = 0; c < dim; c++) {
          rows.set(
              ((long) i * groups + g) * dim + c, center[c] + 0.1f * (float) random.nextGaussian());
        }
      }
    }
    return rows;
  }

  private static int nearest(Tensor rows, long row, Tensor centroids) {
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int cluster = 0; cluster < centroids.size(0); cluster++) {
      double distance = distance(rows, row, centroids, cluster);
      if (distance < least) {
        least = distance;
        best = cluster;
      }
    }
    return best;
  }

  private static double distance(Tensor rows, long row, Tensor centroids, long cluster) {
    long dim = rows.size(1);
    double sum = 0;
    for (long c = 0; c < dim; c++) {
      double d = (double) rows.get(row * dim + c) - centroids.get(cluster * dim + c);
      sum += d * d;
    }
    return sum;
  }

  @Test
  void findsSeparateGroupsAndTheirMeans() throws IOException {
    long seed = TestSeed.next();
    try (Tensor rows = groups(new Random(seed), 7, 300, 5);
        KMeansResult result =
            KMeans.fit(FeatureRows.of(rows), options(7).withInits(3), Progress.NONE)) {
      double[] sums = new double[7 * 5];
      int[] counts = new int[7];
      double inertia = 0;
      for (long row = 0; row < rows.size(0); row++) {
        int cluster = nearest(rows, row, result.centroids());
        assertEquals(nearest(rows, row % 7, result.centroids()), cluster, "seed " + seed);
        counts[cluster]++;
        inertia += distance(rows, row, result.centroids(), cluster);
        for (int c = 0; c < 5; c++) {
          sums[cluster * 5 + c] += rows.get(row * 5 + c);
        }
      }
      for (int i = 0; i < sums.length; i++) {
        assertEquals(300, counts[i / 5], "seed " + seed);
        assertEquals(sums[i] / 300, result.centroids().get(i), 1e-4, "seed " + seed);
      }
      assertEquals(inertia, result.inertia(), 0.02 * inertia, "seed " + seed);
    }
  }

  @Test
  void bytesDependNeitherOnThreadsNorOnMemory() throws IOException {
    long seed = TestSeed.next();
    try (Tensor rows = RandomData.gaussian(new Random(seed), 20_000, 9)) {
      KMeansOptions options = options(12).withLimits(8, 0).withSeed(seed).withInits(2);
      try (KMeansResult expected =
          KMeans.fit(FeatureRows.of(rows), options.withThreads(1), Progress.NONE)) {
        for (KMeansOptions other :
            new KMeansOptions[] {options.withThreads(3), options.withMemory(0)}) {
          try (KMeansResult found = KMeans.fit(FeatureRows.of(rows), other, Progress.NONE)) {
            assertArrayEquals(
                expected.centroids().toFloats(), found.centroids().toFloats(), "seed " + seed);
            assertEquals(expected.inertia(), found.inertia());
            assertEquals(expected.iterations(), found.iterations());
          }
        }
      }
    }
  }

  @Test
  void morePassesNeverRaiseTheInertia() throws IOException {
    long seed = TestSeed.next();
    try (Tensor rows = RandomData.gaussian(new Random(seed), 3000, 4)) {
      double previous = Double.POSITIVE_INFINITY;
      for (int passes = 1; passes < 12; passes++) {
        try (KMeansResult result =
            KMeans.fit(FeatureRows.of(rows), options(20).withLimits(passes, 0), Progress.NONE)) {
          assertTrue(result.inertia() <= previous * (1 + 1e-6), "seed " + seed);
          previous = result.inertia();
        }
      }
    }
  }

  @Test
  void normalizedRowsForgetTheirLength() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    try (Tensor rows = RandomData.gaussian(random, 500, 6);
        Tensor longer = Tensor.allocate(DType.F32, 500, 6)) {
      for (long i = 0; i < rows.size(); i++) {
        longer.set(i, rows.get(i) * (1 << (i / 6 % 5)));
      }
      KMeansOptions options = options(5).withNormalizeRows(true);
      try (KMeansResult a = KMeans.fit(FeatureRows.of(rows), options, Progress.NONE);
          KMeansResult b = KMeans.fit(FeatureRows.of(longer), options, Progress.NONE)) {
        assertArrayEquals(
            a.centroids().toFloats(), b.centroids().toFloats(), 1e-4f, "seed " + seed);
      }
    }
  }

  @Test
  void everyClusterIsUsedWhereRowsAreDistinct() throws IOException {
    long seed = TestSeed.next();
    try (Tensor rows = RandomData.gaussian(new Random(seed), 40, 3);
        KMeansResult result = KMeans.fit(FeatureRows.of(rows), options(40), Progress.NONE)) {
      assertEquals(0, result.inertia(), 1e-5, "every row is a centroid, seed " + seed);
    }
  }

  @Test
  void fewerDistinctRowsThanClustersEnd() throws IOException {
    try (Tensor rows = Tensor.allocate(DType.F32, 100, 4)) {
      for (long i = 0; i < 400; i++) {
        rows.set(i, (float) (i / 4 % 3));
      }
      try (KMeansResult result = KMeans.fit(FeatureRows.of(rows), options(8), Progress.NONE)) {
        assertEquals(0, result.inertia(), 1e-9);
      }
    }
  }

  @Test
  void miniBatchesComeNearLloyd() throws IOException {
    long seed = TestSeed.next();
    try (Tensor rows = groups(new Random(seed), 6, 2000, 4);
        KMeansResult full = KMeans.fit(FeatureRows.of(rows), options(6), Progress.NONE);
        KMeansResult batches =
            KMeans.fit(FeatureRows.of(rows), options(6).withBatchRows(512), Progress.NONE)) {
      assertTrue(batches.inertia() < 1.2 * full.inertia() + 1, "seed " + seed);
    }
  }

  @Test
  void largeBanksAreClusteredInMiniBatchesUnlessTold() {
    assertEquals(0, options(6).batchRows(242_220));
    assertEquals(0, options(6).batchRows(KMeansOptions.LLOYD_ROWS));
    assertEquals(KMeansOptions.AUTOMATIC_BATCH, options(6).batchRows(KMeansOptions.LLOYD_ROWS + 1));
    assertEquals(0, options(6).withBatchRows(0).batchRows(1L << 31));
    assertEquals(0, options(6).withBatchRows(512).batchRows(512));
    assertEquals(512, options(6).withBatchRows(512).batchRows(513));
    assertThrows(IllegalArgumentException.class, () -> options(6).withBatchRows(-2));
  }

  @Test
  void closingTwiceIsHarmless() {
    try (Tensor rows = RandomData.gaussian(new Random(1), 10, 3)) {
      PreparedRows prepared = PreparedRows.measure(FeatureRows.of(rows), true, 1, Progress.NONE);
      prepared.close();
      prepared.close();
    }
  }

  @Test
  void refusesWhatCannotWork() {
    try (Tensor rows = RandomData.gaussian(new Random(1), 10, 3)) {
      BadInputException few =
          assertThrows(
              BadInputException.class,
              () -> KMeans.fit(FeatureRows.of(rows), options(11), Progress.NONE));
      assertTrue(few.getMessage().contains("11 clusters"), few.getMessage());
      Progress stopping = new StoppingProgress();
      assertThrows(
          CancelledException.class, () -> KMeans.fit(FeatureRows.of(rows), options(2), stopping));
      rows.set(13, Float.NaN);
      BadInputException bad =
          assertThrows(
              BadInputException.class,
              () -> KMeans.fit(FeatureRows.of(rows), options(2), Progress.NONE));
      assertTrue(bad.getMessage().contains("row 4 "), bad.getMessage());
    }
  }

  @Test
  void sharesHaveTheSumsOfTheirRows() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    int dim = 1 + random.nextInt(40);
    int clusters = 1 + random.nextInt(9);
    try (Tensor rows = RandomData.gaussian(random, 200, dim);
        Tensor centroids = RandomData.gaussian(random, clusters, dim)) {
      int first = random.nextInt(150);
      int count = 1 + random.nextInt(50);
      KMeansShare share =
          KMeansShare.of(FeatureRows.of(rows), first, count, centroids, false, 2, Progress.NONE);
      double[] sums = new double[clusters * dim];
      long[] counts = new long[clusters];
      double squares = 0;
      double inertia = 0;
      for (int row = first; row < first + count; row++) {
        int cluster = nearest(rows, row, centroids);
        counts[cluster]++;
        inertia += distance(rows, row, centroids, cluster);
        for (int c = 0; c < dim; c++) {
          float value = rows.get((long) row * dim + c);
          sums[cluster * dim + c] += value;
          squares += (double) value * value;
        }
      }
      for (int cluster = 0; cluster < clusters; cluster++) {
        assertEquals(counts[cluster], share.count(cluster), "seed " + seed);
        for (int c = 0; c < dim; c++) {
          assertEquals(sums[cluster * dim + c], share.sum(cluster, c), "seed " + seed);
        }
      }
      assertEquals(squares, share.squares(), 1e-5 * squares, "seed " + seed);
      assertEquals(inertia, share.inertia(), 1e-4 * inertia, "seed " + seed);
    }
  }
}
