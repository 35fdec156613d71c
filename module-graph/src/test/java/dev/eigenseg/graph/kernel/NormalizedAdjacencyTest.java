package dev.eigenseg.graph.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestEngines;
import dev.eigenseg.graph.TestSeed;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  private static void assertMatrix(double[][] expected, SymmetricRows found, String what)
      throws IOException {
    int n = expected.length;
    double[][] values = new double[n][n];
    try (SymmetricRows.Window window = found.window(0, n)) {
      for (int u = 0; u < n; u++) {
        long previous = -1;
        for (long p = window.begin(u); p < window.begin(u + 1); p++) {
          long column = SymmetricRows.column(window.entries(), p);
          assertTrue(column > previous, "columns rise in row " + u + ", " + what);
          previous = column;
          values[u][(int) column] = SymmetricRows.value(window.entries(), p);
        }
        assertArrayEquals(expected[u], values[u], 1e-6, "row " + u + ", " + what);
      }
    }
  }

  /** The same bytes, wherever they are. */
  private static void assertSame(SymmetricRows expected, SymmetricRows found, String what)
      throws IOException {
    assertEquals(expected.rows(), found.rows(), what);
    for (long row = 0; row <= expected.rows(); row++) {
      assertEquals(expected.pointer(row), found.pointer(row), what);
    }
    try (SymmetricRows.Window first = expected.window(0, expected.rows());
        SymmetricRows.Window second = found.window(0, found.rows())) {
      assertEquals(-1, first.entries().mismatch(second.entries()), what);
    }
  }

  @Test
  void equalsTheDenseMatrixWithAZeroRow() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int k : new int[] {1, 3, 40}) {
      try (Tensor features = RandomData.gaussian(random, 150, 6)) {
        for (int c = 0; c < 6; c++) {
          features.set(77 * 6 + c, 0); // similarity 0 to all: degree 0
        }
        try (KnnGraph graph = graph(features, k);
            NormalizedAdjacency adjacency =
                NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 3)) {
          assertMatrix(dense(graph), adjacency.matrix(), "k = " + k + ", seed " + seed);
          assertEquals(adjacency.matrix().pointer(77), adjacency.matrix().pointer(78));
        }
      }
    }
  }

  @Test
  void manyThreadsGiveTheSameMatrix() throws IOException {
    long seed = TestSeed.next();
    try (Tensor features = RandomData.gaussian(new Random(seed), 9000, 4);
        KnnGraph graph = graph(features, 40);
        NormalizedAdjacency one = NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 1);
        NormalizedAdjacency four = NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 4)) {
      assertSame(one.matrix(), four.matrix(), "seed " + seed);
    }
  }

  @Test
  void aSmallWorkspaceGivesTheSameMatrix(@TempDir Path folder) throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int k : new int[] {1, 5, 40}) {
      try (Tensor features = RandomData.gaussian(random, 700, 5);
          KnnGraph graph = graph(features, k);
          NormalizedAdjacency memory =
              NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 2)) {
        double[][] dense = dense(graph);
        for (long bytes : new long[] {1, 5_000, 60_000}) {
          String what = "k = %d, %d bytes, seed %d".formatted(k, bytes, seed);
          try (NormalizedAdjacency files =
              NormalizedAdjacency.ofNeighbors(graph, new Workspace(folder, bytes), 2)) {
            assertMatrix(dense, files.matrix(), what);
            assertSame(memory.matrix(), files.matrix(), what);
            assertSameProducts(memory, files, random, what);
            try (NormalizedAdjacency sum = NormalizedAdjacency.sum(files, 0.3f, memory);
                NormalizedAdjacency expected = NormalizedAdjacency.sum(memory, 0.3f, files)) {
              assertSame(expected.matrix(), sum.matrix(), what);
            }
            assertEmpty(folder);
          }
        }
      }
    }
  }

  private static void assertSameProducts(
      NormalizedAdjacency expected, NormalizedAdjacency found, Random random, String what)
      throws IOException {
    try (Tensor dense = RandomData.gaussian(random, found.rows(), 20);
        Tensor first = Tensor.allocate(DType.F32, 333, 20);
        Tensor second = Tensor.allocate(DType.F32, 333, 20)) {
      expected.multiply(77, 333, dense, first, 2);
      found.multiply(77, 333, dense, second, 2);
      assertArrayEquals(first.toFloats(), second.toFloats(), what);
    }
  }

  // Files have no name from the moment they are open: nothing can be left behind.
  private static void assertEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void aRowThatAllChooseMayExceedItsBucket(@TempDir Path folder) throws IOException {
    int n = 500;
    try (Tensor features = Tensor.allocate(DType.F32, n, n)) {
      for (int row = 0; row < n; row++) {
        features.set((long) row * n + row, 1);
        features.set((long) row * n + 3, 1); // all are like row 3, and less like each other
      }
      try (KnnGraph graph = graph(features, 2);
          NormalizedAdjacency hub =
              NormalizedAdjacency.ofNeighbors(graph, new Workspace(folder, 2_000), 2)) {
        assertEquals(n - 1, hub.matrix().pointer(4) - hub.matrix().pointer(3));
        assertMatrix(dense(graph), hub.matrix(), "a hub");
      }
    }
  }

  @Test
  void aFolderThatIsMissingIsNamed(@TempDir Path folder) throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(1), 300, 5);
        KnnGraph graph = graph(features, 5)) {
      Path missing = folder.resolve("missing");
      IOException refused =
          assertThrows(
              IOException.class,
              () -> NormalizedAdjacency.ofNeighbors(graph, new Workspace(missing, 5_000), 2));
      assertTrue(refused.getMessage().contains(missing.toString()), refused.getMessage());
    }
  }

  @Test
  void halfPrecisionIsWidenedExactly() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    try (Tensor features = RandomData.gaussian(random, 300, 5);
        KnnGraph graph = graph(features, 7);
        NormalizedAdjacency adjacency =
            NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 2)) {
      for (int k : new int[] {1, 5, 16, 63, 64, 131, 256}) {
        try (Tensor half = Tensor.allocate(DType.F16, 300, k);
            Tensor wide = Tensor.allocate(DType.F32, 300, k);
            Tensor out = Tensor.allocate(DType.F32, 200, k);
            Tensor twin = Tensor.allocate(DType.F32, 200, k);
            Tensor expected = Tensor.allocate(DType.F32, 200, k);
            SymmetricRows.Window window = adjacency.matrix().window(50, 250)) {
          for (long i = 0; i < half.size(); i++) {
            // Subnormal numbers and both signs as well.
            float value = (float) (random.nextGaussian() * Math.pow(2, -random.nextInt(25)));
            half.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
            wide.set(i, half.get(i));
          }
          adjacency.multiply(50, 200, half, out, 2);
          adjacency.multiply(50, 200, wide, expected, 2);
          SparseProduct.with(DType.F16)
              .scalarRows(window, 50, 200, half.segment(), k, twin.segment());
          assertArrayEquals(expected.toFloats(), out.toFloats(), "K = " + k + ", seed " + seed);
          assertArrayEquals(expected.toFloats(), twin.toFloats(), "K = " + k + ", seed " + seed);
        }
      }
    }
  }

  @Test
  void sumAddsEntryByEntry() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    try (Tensor first = RandomData.gaussian(random, 120, 5);
        Tensor second = RandomData.gaussian(random, 120, 5);
        KnnGraph firstGraph = graph(first, 4);
        KnnGraph secondGraph = graph(second, 9);
        NormalizedAdjacency a =
            NormalizedAdjacency.ofNeighbors(firstGraph, Workspace.UNBOUNDED, 1);
        NormalizedAdjacency b =
            NormalizedAdjacency.ofNeighbors(secondGraph, Workspace.UNBOUNDED, 1);
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
    long seed = TestSeed.next();
    Random random = new Random(seed);
    try (Tensor features = RandomData.gaussian(random, 300, 5);
        KnnGraph graph = graph(features, 7);
        NormalizedAdjacency adjacency =
            NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 2)) {
      for (int k : new int[] {1, 3, 8, 16, 17, 63, 64, 128, 131, 200, 256}) {
        long first = random.nextInt(200);
        long count = random.nextInt(100);
        try (Tensor dense = RandomData.gaussian(random, 300, k);
            Tensor out = Tensor.allocate(DType.F32, count, k);
            Tensor twin = Tensor.allocate(DType.F32, count, k);
            SymmetricRows.Window window = adjacency.matrix().window(first, first + count)) {
          adjacency.multiply(first, count, dense, out, 3);
          SparseProduct.with(DType.F32)
              .scalarRows(window, first, count, dense.segment(), k, twin.segment());
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
      NormalizedAdjacency adjacency =
          NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 1);
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
