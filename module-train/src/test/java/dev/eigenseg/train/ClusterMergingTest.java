package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Merges of clusters against dense sums and average linkage spelled out. */
class ClusterMergingTest {
  private static final int CLUSTERS = 9;

  @TempDir Path folder;

  private Path kmeans(FeatureBank bank, String name) throws IOException {
    Path model = folder.resolve(name);
    KMeansOptions options = KMeansOptions.of(CLUSTERS).withSeed(1).withThreads(1);
    KMeansTrainer.features(bank, options, Optional.empty(), model, false, Progress.NONE);
    return model;
  }

  @Test
  void sumsOfTheGraphAreThoseOfTheDenseKernel() throws IOException {
    try (FeatureBank bank = TestBanks.write(folder.resolve("bank"), 5, TestSeed.next());
        KnnGraph graph = TestBanks.graph(bank);
        SegmenterFile file = SegmenterFile.open(kmeans(bank, "model"))) {
      try (BankClusters clusters = BankClusters.of(bank, file.model(), 2, Progress.NONE)) {
        int rows = Math.toIntExact(bank.rows());
        double[][] dense = new double[rows][rows];
        for (int row = 0; row < rows; row++) {
          for (int i = 0; i < graph.k(); i++) {
            long edge = (long) row * graph.k() + i;
            int id = graph.ids().segment().getAtIndex(ValueLayout.JAVA_INT, edge);
            double similarity = Math.max(0, graph.similarities().get(edge));
            dense[row][id] += similarity / 2;
            dense[id][row] += similarity / 2;
          }
        }
        assertKernel(
            dense, clusters, ClusterKernel.ofGraph(clusters, graph, 2, Progress.NONE), "graph");
      }
    }
  }

  @Test
  void sumsOfFeaturesAreThoseOfAllCosines() throws IOException {
    try (FeatureBank bank = TestBanks.write(folder.resolve("bank"), 5, TestSeed.next());
        SegmenterFile file = SegmenterFile.open(kmeans(bank, "model"));
        BankClusters clusters = BankClusters.of(bank, file.model(), 2, Progress.NONE)) {
      int rows = Math.toIntExact(bank.rows());
      int dim = bank.level(Level.HIGH).dim();
      double[][] dense = new double[rows][rows];
      try (Tensor high = Tensor.allocate(DType.F32, rows, dim)) {
        bank.level(Level.HIGH).read(0, rows, high.segment());
        for (int a = 0; a < rows; a++) {
          for (int b = 0; b < rows; b++) {
            dense[a][b] =
                dot(high, a, b, dim) / Math.sqrt(dot(high, a, a, dim) * dot(high, b, b, dim));
          }
        }
      }
      ClusterKernel kernel = ClusterKernel.ofFeatures(clusters, bank, 2);
      assertSums(dense, clusters, kernel);
      for (int cluster = 0; cluster < CLUSTERS; cluster++) {
        assertEquals(clusters.patches()[cluster], kernel.masses()[cluster]);
      }
    }
  }

  private static double dot(Tensor rows, int a, int b, int dim) {
    double sum = 0;
    for (int i = 0; i < dim; i++) {
      sum += (double) rows.get((long) a * dim + i) * rows.get((long) b * dim + i);
    }
    return sum;
  }

  private static void assertKernel(
      double[][] dense, BankClusters clusters, ClusterKernel kernel, String source) {
    assertEquals(source, kernel.source());
    assertSums(dense, clusters, kernel);
    double[] degrees = new double[CLUSTERS];
    for (int row = 0; row < dense.length; row++) {
      for (double value : dense[row]) {
        degrees[clusters.of(row)] += value;
      }
    }
    assertArrayEquals(degrees, kernel.masses(), 1e-4);
  }

  private static void assertSums(double[][] dense, BankClusters clusters, ClusterKernel kernel) {
    double[][] expected = new double[CLUSTERS][CLUSTERS];
    for (int a = 0; a < dense.length; a++) {
      for (int b = 0; b < dense.length; b++) {
        expected[clusters.of(a)][clusters.of(b)] += dense[a][b];
      }
    }
    for (int cluster = 0; cluster < CLUSTERS; cluster++) {
      assertArrayEquals(expected[cluster], kernel.sums()[cluster], 1e-3);
    }
  }

  /** Each time the pair of segments with the largest mean kernel, found anew from all patches. */
  @Test
  void mergesAreThoseOfAverageLinkage() throws IOException {
    try (FeatureBank bank = TestBanks.write(folder.resolve("bank"), 4, TestSeed.next());
        SegmenterFile file = SegmenterFile.open(kmeans(bank, "model"));
        BankClusters clusters = BankClusters.of(bank, file.model(), 1, Progress.NONE)) {
      Random random = TestSeed.random();
      double[][] sums = new double[CLUSTERS][CLUSTERS];
      double[] masses = new double[CLUSTERS];
      for (int a = 0; a < CLUSTERS; a++) {
        masses[a] = 1 + random.nextInt(9);
        for (int b = 0; b <= a; b++) {
          sums[a][b] = random.nextDouble() * masses[a] * masses[b];
          sums[b][a] = sums[a][b];
        }
      }
      Dendrogram found = Agglomeration.of(new ClusterKernel("graph", sums, masses), clusters);
      int[] segments = new int[CLUSTERS];
      Arrays.setAll(segments, i -> i);
      for (int left = CLUSTERS; left > 1; left--) {
        assertSamePartition(segments, found.cut(left));
        mergeClosest(segments, sums, masses);
      }
    }
  }

  private static void mergeClosest(int[] segments, double[][] sums, double[] masses) {
    double most = -1;
    int keep = -1;
    int drop = -1;
    for (int a = 0; a < CLUSTERS; a++) {
      for (int b = a + 1; b < CLUSTERS; b++) {
        double sum = 0;
        double massOfA = 0;
        double massOfB = 0;
        for (int i = 0; i < CLUSTERS; i++) {
          massOfA += segments[i] == a ? masses[i] : 0;
          massOfB += segments[i] == b ? masses[i] : 0;
          for (int j = 0; j < CLUSTERS; j++) {
            sum += segments[i] == a && segments[j] == b ? sums[i][j] : 0;
          }
        }
        if (massOfA * massOfB > 0 && sum / (massOfA * massOfB) > most) {
          most = sum / (massOfA * massOfB);
          keep = a;
          drop = b;
        }
      }
    }
    for (int i = 0; i < CLUSTERS; i++) {
      segments[i] = segments[i] == drop ? keep : segments[i];
    }
  }

  private static void assertSamePartition(int[] expected, int[] found) {
    for (int a = 0; a < CLUSTERS; a++) {
      for (int b = 0; b < CLUSTERS; b++) {
        assertEquals(expected[a] == expected[b], found[a] == found[b], a + " and " + b);
      }
    }
  }

  @Test
  void aTrainedModelSaysHowItsClustersMergeAndThreadsDoNotMatter() throws IOException {
    try (FeatureBank bank = TestBanks.write(folder.resolve("bank"), 6, TestSeed.next());
        KnnGraph graph = TestBanks.graph(bank);
        SegmenterFile file = SegmenterFile.open(kmeans(bank, "model"))) {
      SegmenterModel model = file.model();
      Dendrogram stored = model.info().dendrogram().orElseThrow();
      assertEquals("features", stored.source());
      assertEquals(bank.rows(), Arrays.stream(stored.patches()).sum());
      assertEquals(stored, ClusterMerging.of(bank, model, Optional.empty(), 3, Progress.NONE));
      Dendrogram ofGraph = ClusterMerging.of(bank, model, Optional.of(graph), 1, Progress.NONE);
      assertEquals("graph", ofGraph.source());
      assertEquals(ofGraph, ClusterMerging.of(bank, model, Optional.of(graph), 3, Progress.NONE));
    }
  }

  @Test
  void anotherBanksGraphIsRefused() throws IOException {
    try (FeatureBank bank = TestBanks.write(folder.resolve("bank"), 6, 1);
        FeatureBank other = TestBanks.write(folder.resolve("other"), 5, 1);
        KnnGraph graph = TestBanks.graph(other);
        SegmenterFile file = SegmenterFile.open(kmeans(bank, "model"))) {
      String message =
          assertThrows(
                  IncompatibleException.class,
                  () -> ClusterMerging.of(bank, file.model(), Optional.of(graph), 1, Progress.NONE))
              .getMessage();
      assertTrue(message.contains("eigenseg graph"), message);
    }
  }
}
