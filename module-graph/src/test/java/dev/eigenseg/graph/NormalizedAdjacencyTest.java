package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureRows;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NormalizedAdjacencyTest {
  private static KnnGraph graph(Tensor features, int k) throws IOException {
    return KnnGraph.build(
        TestEngines.underTest(),
        new KnnEngine.Request(FeatureRows.of(features), k, 1L << 30, 2),
        Progress.NONE);
  }

  /** The oracle: dense matrices in double. */
  private static double[][] dense(KnnGraph graph) {
    int n = Math.toIntExact(graph.rows());
    double[][] s = new double[n][n];
    for (int u = 0; u < n; u++) {
      for (int i = u * graph.k(); i < (u + 1) * graph.k(); i++) {
        s[u][(int) graph.ids().getLong(i)] = Math.max(0, graph.similarities().get(i));
      }
    }
    double[] degree = new double[n];
    for (int u = 0; u < n; u++) {
      for (int v = 0; v < n; v++) {
        degree[u] += (s[u][v] + s[v][u]) / 2;
      }
    }
    double[][] normalized = new double[n][n];
    for (int u = 0; u < n; u++) {
      for (int v = 0; v < n; v++) {
        double a = (s[u][v] + s[v][u]) / 2;
        normalized[u][v] = a > 0 ? a / Math.sqrt(degree[u] * degree[v]) : 0;
      }
    }
    return normalized;
  }

  private static void assertMatrix(double[][] expected, SymmetricRows found, String what) {
    int n = expected.length;
    double[][] values = new double[n][n];
    for (int u = 0; u < n; u++) {
      long previous = -1;
      for (long p = found.pointer(u); p < found.pointer(u + 1); p++) {
        assertEquals(true, found.column(p) > previous, "columns rise in row " + u + ", " + what);
        previous = found.column(p);
        values[u][(int) previous] = found.value(p);
      }
      assertArrayEquals(expected[u], values[u], 1e-6, "row " + u + ", " + what);
    }
  }

  @Test
  void equalsTheDenseMatrixWithAZeroRow() throws IOException {
    long seed = RandomData.seed();
    Random random = new Random(seed);
    for (int k : new int[] {1, 3, 40}) {
      try (Tensor features = RandomData.gaussian(random, 150, 6)) {
        for (int c = 0; c < 6; c++) {
          features.set(77 * 6 + c, 0); // similarity 0 to all: degree 0
        }
        try (KnnGraph graph = graph(features, k);
            NormalizedAdjacency adjacency = NormalizedAdjacency.ofNeighbors(graph, 3)) {
          assertMatrix(dense(graph), adjacency.matrix(), "k = " + k + ", seed " + seed);
          assertEquals(adjacency.matrix().pointer(77), adjacency.matrix().pointer(78));
        }
      }
    }
  }

  @Test
  void manyThreadsGiveTheSameMatrix() throws IOException {
    long seed = RandomData.seed();
    try (Tensor features = RandomData.gaussian(new Random(seed), 9000, 4);
        KnnGraph graph = graph(features, 40);
        NormalizedAdjacency one = NormalizedAdjacency.ofNeighbors(graph, 1);
        NormalizedAdjacency four = NormalizedAdjacency.ofNeighbors(graph, 4)) {
      assertEquals(one.entries(), four.entries());
      assertEquals(-1, one.matrix().columns().mismatch(four.matrix().columns()), "seed " + seed);
      assertEquals(-1, one.matrix().values().mismatch(four.matrix().values()), "seed " + seed);
      assertEquals(-1, one.matrix().pointers().mismatch(four.matrix().pointers()));
    }
  }

  @Test
  void sumAddsEntryByEntry() throws IOException {
    long seed = RandomData.seed();
    Random random = new Random(seed);
    try (Tensor first = RandomData.gaussian(random, 120, 5);
        Tensor second = RandomData.gaussian(random, 120, 5);
        KnnGraph firstGraph = graph(first, 4);
        KnnGraph secondGraph = graph(second, 9);
        NormalizedAdjacency a = NormalizedAdjacency.ofNeighbors(firstGraph, 1);
        NormalizedAdjacency b = NormalizedAdjacency.ofNeighbors(secondGraph, 1);
        NormalizedAdjacency sum = NormalizedAdjacency.sum(a, 0.3f, b)) {
      double[][] expected = dense(firstGraph);
      double[][] other = dense(secondGraph);
      for (int u = 0; u < 120; u++) {
        for (int v = 0; v < 120; v++) {
          expected[u][v] += 0.3 * other[u][v];
        }
      }
      assertMatrix(expected, sum.matrix(), "seed " + seed);
    }
  }

  @Test
  void productsEqualTheScalarTwinToTheBit() throws IOException {
    long seed = RandomData.seed();
    Random random = new Random(seed);
    try (Tensor features = RandomData.gaussian(random, 300, 5);
        KnnGraph graph = graph(features, 7);
        NormalizedAdjacency adjacency = NormalizedAdjacency.ofNeighbors(graph, 2)) {
      for (int k : new int[] {1, 3, 8, 16, 17, 63, 64, 128, 131, 200, 256}) {
        long first = random.nextInt(200);
        long count = random.nextInt(100);
        try (Tensor dense = RandomData.gaussian(random, 300, k);
            Tensor out = Tensor.allocate(DType.F32, count, k);
            Tensor twin = Tensor.allocate(DType.F32, count, k)) {
          adjacency.multiply(first, count, dense, out, 3);
          SparseProduct.scalarRows(
              adjacency.matrix(), first, first, first + count, dense.segment(), k, twin.segment());
          assertArrayEquals(twin.toFloats(), out.toFloats(), "K = " + k + ", seed " + seed);
        }
      }
    }
  }

  @Test
  void refusesOtherShapesAndUseAfterClose() throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(1), 30, 4);
        KnnGraph graph = graph(features, 3);
        Tensor dense = Tensor.allocate(DType.F32, 30, 8);
        Tensor out = Tensor.allocate(DType.F32, 10, 8);
        Tensor narrow = Tensor.allocate(DType.F32, 10, 7)) {
      NormalizedAdjacency adjacency = NormalizedAdjacency.ofNeighbors(graph, 1);
      assertThrows(
          IndexOutOfBoundsException.class, () -> adjacency.multiply(21, 10, dense, out, 1));
      assertThrows(
          IllegalArgumentException.class, () -> adjacency.multiply(0, 10, dense, narrow, 1));
      assertThrows(IllegalArgumentException.class, () -> adjacency.multiply(0, 10, out, out, 1));
      adjacency.close();
      adjacency.close();
      assertThrows(IllegalStateException.class, () -> adjacency.multiply(0, 10, dense, out, 1));
    }
  }
}
