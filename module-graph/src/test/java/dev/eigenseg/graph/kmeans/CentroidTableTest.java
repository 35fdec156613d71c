package dev.eigenseg.graph.kmeans;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestSeed;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CentroidTableTest {
  private final long seed = TestSeed.next();
  private final Random random = new Random(seed);

  private static float squaredNorm(Tensor matrix, long row) {
    long dim = matrix.size(1);
    float sum = 0;
    for (long c = row * dim; c < (row + 1) * dim; c++) {
      sum = Math.fma(matrix.get(c), matrix.get(c), sum);
    }
    return sum;
  }

  /** The nearest centroid as it is defined: by products in float32, the lowest of equals. */
  private static int nearest(Tensor rows, long row, Tensor centroids) {
    long dim = rows.size(1);
    int best = 0;
    float largest = Float.NEGATIVE_INFINITY;
    for (int cluster = 0; cluster < centroids.size(0); cluster++) {
      float dot = 0;
      for (int c = 0; c < dim; c++) {
        dot = Math.fma(rows.get(row * dim + c), centroids.get(cluster * dim + c), dot);
      }
      float score = dot - 0.5f * squaredNorm(centroids, cluster);
      if (score > largest) {
        largest = score;
        best = cluster;
      }
    }
    return best;
  }

  /** Rows around as many points as there are clusters, some of them twice. */
  private Tensor rows(int count, int dim, int clusters) {
    Tensor rows = RandomData.gaussian(random, count, dim);
    try (Tensor centers = RandomData.gaussian(random, clusters, dim)) {
      for (int row = 0; row < count; row++) {
        int center = random.nextInt(clusters);
        boolean twin = row > 0 && random.nextInt(8) == 0;
        for (int c = 0; c < dim; c++) {
          long place = (long) row * dim + c;
          float value = 2 * centers.get((long) center * dim + c) + 0.7f * rows.get(place);
          rows.set(place, twin ? rows.get(place - dim) : value);
        }
      }
    }
    return rows;
  }

  @Test
  void boundsNeverChangeALabel() {
    int[][] shapes = {{700, 1, 3}, {1500, 5, 40}, {2500, 17, 97}, {1200, 3, 900}, {2000, 24, 1}};
    for (int[] shape : shapes) {
      int count = shape[0];
      int clusters = shape[2];
      String what = "%d x %d, K = %d, seed %d".formatted(count, shape[1], clusters, seed);
      try (Tensor rows = rows(count, shape[1], clusters);
          CentroidTable table = new CentroidTable(clusters, shape[1], 2);
          RowLabels labels = new RowLabels(count, table.groups())) {
        for (int cluster = 0; cluster < clusters; cluster++) {
          // Some centroids are alike: ties.
          long row = random.nextInt(1 + count / (1 + random.nextInt(20)));
          long bytes = (long) shape[1] * Float.BYTES;
          MemorySegment.copy(
              rows.segment(), Math.min(row, count - 1) * bytes, table.centroid(cluster), 0, bytes);
        }
        table.regroup();
        float[] norms = new float[count];
        for (int row = 0; row < count; row++) {
          norms[row] = squaredNorm(rows, row);
        }
        CentroidTable.Rows shown =
            new CentroidTable.Rows(rows.segment(), 0, count, row -> norms[(int) row]);
        for (int pass = 0; pass < 12; pass++) {
          table.assign(shown, labels, pass % 3 == 2);
          try (Tensor centroids = table.toTensor()) {
            for (int row = 0; row < count; row++) {
              assertEquals(nearest(rows, row, centroids), labels.label(row), what + ", row " + row);
            }
          }
          table.accumulate(shown, labels);
          if (pass == 5) {
            give(table, labels, count);
          }
          table.moveToMeans();
        }
      }
    }
  }

  /** Takes some rows for another cluster, as empty ones do; the sums follow in the next pass. */
  private void give(CentroidTable table, RowLabels labels, int count) {
    for (int i = 0; i < 20; i++) {
      int row = random.nextInt(count);
      int summed = labels.summed(row);
      labels.give(row, random.nextInt(table.clusters()));
      labels.summed(row, summed);
    }
  }

  @Test
  void distancesAreThoseOfAllRowsWhereTheyAreWanted() {
    int count = 3000;
    try (Tensor rows = rows(count, 8, 60);
        CentroidTable table = new CentroidTable(60, 8, 2);
        RowLabels bounded = new RowLabels(count, table.groups());
        RowLabels plain = new RowLabels(count, 0)) {
      for (int cluster = 0; cluster < 60; cluster++) {
        MemorySegment.copy(rows.segment(), cluster * 32L, table.centroid(cluster), 0, 32);
      }
      table.regroup();
      CentroidTable.Rows shown =
          new CentroidTable.Rows(rows.segment(), 0, count, row -> squaredNorm(rows, row));
      for (int pass = 0; pass < 8; pass++) {
        long changed = table.assign(shown, bounded, false);
        assertEquals(table.assign(shown, plain, true), changed, "seed " + seed);
        table.accumulate(shown, bounded);
        table.moveToMeans();
      }
      table.assign(shown, bounded, true);
      table.assign(shown, plain, true);
      for (int row = 0; row < count; row++) {
        assertEquals(plain.label(row), bounded.label(row), "seed " + seed);
        assertEquals(plain.distance(row), bounded.distance(row), "seed " + seed);
      }
    }
  }

  @Test
  void scansFindWhatTheirScalarTwinsFind() {
    for (int width = 32; width <= 96; width += 32) {
      try (Tensor products = RandomData.gaussian(random, 1, width);
          Tensor norms = RandomData.gaussian(random, 1, width)) {
        for (int i = width - random.nextInt(9); i < width; i++) {
          norms.set(i, Float.POSITIVE_INFINITY);
        }
        MemorySegment a = products.segment();
        MemorySegment b = norms.segment();
        float best = GroupScan.best(a, 0, b, 0, width);
        assertEquals(GroupScan.scalarBest(a, 0, b, 0, width, width), best, "seed " + seed);
        int place = GroupScan.place(a, 0, b, 0, width, best);
        assertEquals(best, products.get(place) - norms.get(place), "seed " + seed);
        float second = GroupScan.bestBut(a, 0, b, 0, width, place);
        assertEquals(GroupScan.scalarBest(a, 0, b, 0, width, place), second, "seed " + seed);
        assertTrue(second <= best, "seed " + seed);
      }
    }
  }
}
