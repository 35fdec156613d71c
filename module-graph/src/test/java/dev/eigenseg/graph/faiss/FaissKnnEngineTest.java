package dev.eigenseg.graph.faiss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestEngines;
import dev.eigenseg.graph.TestSeed;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FaissKnnEngineTest {
  private static final long ENOUGH = 1L << 30;
  private KnnEngine engine;

  @BeforeEach
  void requireEngine() {
    engine = TestEngines.require("faiss");
  }

  private static KnnGraph graph(KnnEngine engine, Tensor features, int k, KnnIndex index)
      throws IOException {
    return KnnGraph.build(
        engine,
        new KnnEngine.Request(FeatureRows.of(features), k, ENOUGH, 2, index),
        Progress.NONE);
  }

  private static Set<Long> neighbors(KnnGraph graph, long row) {
    Set<Long> ids = new HashSet<>();
    for (int i = 0; i < graph.k(); i++) {
      long id = graph.ids().getLong(row * graph.k() + i);
      assertTrue(id != row && id >= 0 && id < graph.rows(), "row " + row + " has " + id);
      assertTrue(ids.add(id), "row " + row + " has " + id + " twice");
    }
    return ids;
  }

  @Test
  void exactNeighboursAreThoseOfTheEmbeddedEngine() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    int[][] shapes = {{2, 1, 1}, {3, 5, 2}, {97, 7, 5}, {1100, 33, 40}, {5000, 16, 10}};
    for (int[] shape : shapes) {
      try (Tensor features = RandomData.gaussian(random, shape[0], shape[1]);
          KnnGraph expected =
              graph(TestEngines.require("vector"), features, shape[2], KnnIndex.EXACT);
          KnnGraph found = graph(engine, features, shape[2], KnnIndex.EXACT)) {
        String what = Arrays.toString(shape) + ", seed " + seed;
        long missed = 0;
        for (long row = 0; row < found.rows(); row++) {
          Set<Long> rest = neighbors(expected, row);
          rest.removeAll(neighbors(found, row));
          missed += rest.size();
        }
        // Sums are taken in another order, so a near-tie at the end of a list may fall either way.
        assertTrue(missed <= found.rows() * shape[2] / 1000, missed + " missed, " + what);
        for (long i = 0; i < found.similarities().size(); i++) {
          assertEquals(expected.similarities().get(i), found.similarities().get(i), 1e-5, what);
        }
        assertTrue(found.exact());
      }
    }
  }

  @Test
  void equalRowsAndZeroRowsHaveCompleteLists() throws IOException {
    try (Tensor features = Tensor.allocate(DType.F32, 300, 4)) {
      for (long row = 100; row < 300; row++) {
        features.set(row * 4, 1); // 200 equal rows, 100 zero rows
      }
      for (KnnIndex.Kind kind : KnnIndex.Kind.values()) {
        try (KnnGraph graph = graph(engine, features, 7, KnnIndex.of(kind))) {
          for (long row = 0; row < 300; row++) {
            neighbors(graph, row);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"IVF", "HNSW"})
  void indexesFindMostNeighbours(KnnIndex.Kind kind) throws IOException {
    long seed = TestSeed.next();
    try (Tensor features = RandomData.gaussian(new Random(seed), 4000, 8);
        KnnGraph exact = graph(engine, features, 10, KnnIndex.EXACT);
        KnnGraph found = graph(engine, features, 10, KnnIndex.of(kind))) {
      assertFalse(found.exact());
      long common = 0;
      for (long row = 0; row < 4000; row++) {
        Set<Long> both = neighbors(exact, row);
        both.retainAll(neighbors(found, row));
        common += both.size();
      }
      double recall = common / 40000.0;
      assertTrue(recall > 0.5, "recall " + recall + ", seed " + seed);
      assertEquals(recall, found.recall().orElseThrow().fraction(), 0.05, "seed " + seed);
    }
  }

  @Test
  void rowsThatAreNotFiniteAndTooLittleMemoryAreNamed() {
    try (Tensor features = RandomData.gaussian(new Random(2), 500, 4)) {
      KnnEngine.Request small = new KnnEngine.Request(FeatureRows.of(features), 5, 1000, 2);
      BadInputException memory =
          assertThrows(BadInputException.class, () -> KnnGraph.build(engine, small, Progress.NONE));
      assertTrue(memory.getMessage().contains("1,000"), memory.getMessage());
      features.set(123 * 4, Float.NaN);
      BadInputException bad =
          assertThrows(
              BadInputException.class, () -> graph(engine, features, 5, KnnIndex.EXACT).close());
      assertTrue(bad.getMessage().contains("row 123 "), bad.getMessage());
    }
  }

  @Test
  void nativeFailuresCarryTheNativeText() {
    FaissNatives.require();
    try (FaissIndex index = FaissIndex.of(KnnIndex.of(KnnIndex.Kind.IVF), 4, 8);
        Tensor one = Tensor.allocate(DType.F32, 1, 4)) {
      EigensegException untrained =
          assertThrows(EigensegException.class, () -> index.add(one.segment(), 1));
      assertTrue(untrained.getMessage().contains("is_trained"), untrained.getMessage());
      assertThrows(EigensegException.class, () -> index.useEfSearch(4));
    }
    FaissIndex closed = FaissIndex.of(KnnIndex.EXACT, 4, 1);
    closed.close();
    closed.close();
    assertThrows(IllegalStateException.class, () -> closed.useProbes(1));
  }
}
