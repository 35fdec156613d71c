package dev.eigenseg.graph.ivf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestEngines;
import dev.eigenseg.graph.TestSeed;
import dev.eigenseg.graph.rows.QuerySample;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IvfSearchTest {
  private static final long ENOUGH = 1L << 30;
  private final KnnEngine engine = KnnEngines.select("vector", KnnIndex.Kind.IVF);

  private KnnGraph graph(Tensor features, int k, KnnIndex index, int threads) throws IOException {
    return KnnGraph.build(
        engine,
        new KnnEngine.Request(FeatureRows.of(features), k, ENOUGH, threads, index),
        Progress.NONE);
  }

  private static KnnIndex lists(int lists, int probes) {
    return KnnIndex.ivf(lists, probes, 1 << 20, false);
  }

  /** Rows around a few directions, near enough for lists to mean something. */
  private static Tensor clustered(Random random, int rows, int dim) {
    Tensor features = RandomData.gaussian(random, rows, dim);
    try (Tensor centers = RandomData.gaussian(random, 20, dim)) {
      for (long row = 0; row < rows; row++) {
        long center = random.nextInt(20);
        for (long c = 0; c < dim; c++) {
          features.set(
              row * dim + c, 0.5f * features.get(row * dim + c) + centers.get(center * dim + c));
        }
      }
    }
    return features;
  }

  private static int[] ids(KnnGraph graph) {
    int[] ids = new int[Math.toIntExact(graph.ids().size())];
    Arrays.setAll(ids, i -> (int) graph.ids().getLong(i));
    return ids;
  }

  private static void assertSame(KnnGraph expected, KnnGraph found, String what) {
    assertArrayEquals(ids(expected), ids(found), what);
    assertArrayEquals(expected.similarities().toFloats(), found.similarities().toFloats(), what);
  }

  private static double recall(KnnGraph exact, KnnGraph found) {
    int k = exact.k();
    int[] truth = ids(exact);
    int[] ids = ids(found);
    long common = 0;
    for (int row = 0; row < exact.rows(); row++) {
      Set<Integer> both = new HashSet<>();
      Arrays.stream(truth, row * k, (row + 1) * k).forEach(both::add);
      common += Arrays.stream(ids, row * k, (row + 1) * k).filter(both::contains).count();
    }
    return (double) common / truth.length;
  }

  /** Rows are complete, in order, without themselves and without doubles. */
  private static void assertWellFormed(KnnGraph graph, String what) {
    int[] ids = ids(graph);
    for (int row = 0; row < graph.rows(); row++) {
      Set<Integer> seen = new HashSet<>(List.of(row));
      for (int i = row * graph.k(); i < (row + 1) * graph.k(); i++) {
        assertTrue(ids[i] >= 0 && ids[i] < graph.rows() && seen.add(ids[i]), row + ", " + what);
        if (i > row * graph.k()) {
          float before = graph.similarities().get(i - 1);
          float here = graph.similarities().get(i);
          assertTrue(before > here || (before == here && ids[i - 1] < ids[i]), row + ", " + what);
        }
      }
    }
  }

  @Test
  void allListsGiveTheExactGraph() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    int[][] shapes = {
      {2, 1, 1, 1},
      {3, 5, 2, 3},
      {97, 7, 1, 9},
      {700, 33, 64, 5},
      {1500, 17, 20, 40},
      {1200, 2, 9, 1}
    };
    for (int[] shape : shapes) {
      try (Tensor features = RandomData.gaussian(random, shape[0], shape[1]);
          KnnGraph exact = graph(features, shape[2], KnnIndex.EXACT, 2);
          KnnGraph found = graph(features, shape[2], lists(shape[3], shape[3]), 2)) {
        assertSame(exact, found, Arrays.toString(shape) + ", seed " + seed);
        assertFalse(found.exact());
      }
    }
  }

  @Test
  void findsMostNeighboursAndMeasuresHowMany() throws IOException {
    long seed = TestSeed.next();
    try (Tensor features = clustered(new Random(seed), 6000, 24);
        KnnGraph exact = graph(features, 20, KnnIndex.EXACT, 2);
        KnnGraph few = graph(features, 20, lists(60, 1), 2);
        KnnGraph more = graph(features, 20, lists(60, 6), 2)) {
      assertWellFormed(few, "seed " + seed);
      assertTrue(recall(exact, more) > 0.9, recall(exact, more) + ", seed " + seed);
      assertTrue(recall(exact, few) < recall(exact, more), "seed " + seed);
      for (KnnGraph found : List.of(few, more)) {
        double measured = found.recall().orElseThrow().fraction();
        assertEquals(recall(exact, found), measured, 0.06, "seed " + seed);
      }
    }
  }

  @Test
  void choosesProbesForARecall() throws IOException {
    long seed = TestSeed.next();
    try (Tensor features = clustered(new Random(seed), 6000, 24);
        KnnGraph exact = graph(features, 20, KnnIndex.EXACT, 2)) {
      int before = 0;
      for (double recall : new double[] {0.5, 0.95, 1}) {
        KnnIndex asked =
            new KnnIndex(
                    KnnIndex.Kind.IVF,
                    OptionalInt.of(60),
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    false,
                    OptionalDouble.empty())
                .withRecall(recall);
        try (KnnGraph found = graph(features, 20, asked, 2)) {
          KnnIndex used = found.index().orElseThrow();
          int probes = used.probes().orElseThrow();
          assertTrue(probes >= before && probes <= 60, probes + ", seed " + seed);
          before = probes;
          assertTrue(recall(exact, found) > recall - 0.02, recall(exact, found) + ", seed " + seed);
          try (KnnGraph again = graph(features, 20, used, 2)) {
            assertSame(found, again, "seed " + seed);
          }
        }
      }
    }
  }

  @Test
  void bytesDoNotDependOnThreads() throws IOException {
    long seed = TestSeed.next();
    try (Tensor features = clustered(new Random(seed), 5000, 20);
        KnnGraph one = graph(features, 12, lists(70, 5), 1)) {
      for (int threads : new int[] {2, 3}) {
        try (KnnGraph found = graph(features, 12, lists(70, 5), threads)) {
          assertSame(one, found, threads + " threads, seed " + seed);
        }
      }
    }
  }

  @Test
  void equalRowsAndZeroRowsHaveCompleteLists() throws IOException {
    try (Tensor features = Tensor.allocate(DType.F32, 1500, 3)) {
      for (long row = 500; row < 1500; row++) {
        features.set(row * 3 + row % 2, 1); // two directions, and zero rows
      }
      for (KnnIndex index : List.of(lists(30, 1), lists(30, 4), KnnIndex.of(KnnIndex.Kind.IVF))) {
        try (KnnGraph found = graph(features, 90, index, 2)) {
          assertWellFormed(found, index.toString());
        }
      }
      try (KnnGraph exact = graph(features, 90, KnnIndex.EXACT, 2);
          KnnGraph found = graph(features, 90, lists(30, 30), 2)) {
        assertSame(exact, found, "all lists");
      }
    }
  }

  @Test
  void rowsOfSmallListsLookFurther() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    try (Tensor features = RandomData.gaussian(random, 300, 4);
        KnnGraph exact = graph(features, 299, KnnIndex.EXACT, 2);
        KnnGraph found = graph(features, 299, lists(100, 1), 2)) {
      assertSame(exact, found, "k is all others, seed " + seed);
    }
    try (Tensor features = RandomData.gaussian(random, 300, 4);
        KnnGraph found = graph(features, 40, lists(300, 2), 2)) {
      assertWellFormed(found, "seed " + seed);
    }
  }

  @Test
  void halfRoundsRowsAndRefusesWhatItCannotHold() throws IOException {
    long seed = TestSeed.next();
    try (Tensor features = clustered(new Random(seed), 2000, 16);
        KnnGraph whole = graph(features, 10, lists(20, 4), 2);
        KnnGraph half = graph(features, 10, KnnIndex.ivf(20, 4, 1 << 20, true), 2)) {
      assertTrue(recall(whole, half) > 0.95, recall(whole, half) + ", seed " + seed);
      assertEquals(whole.similarities().get(0), half.similarities().get(0), 1e-2, "seed " + seed);
      features.set(16 * 7, 70000);
      BadInputException e =
          assertThrows(
              BadInputException.class,
              () -> graph(features, 10, KnnIndex.ivf(20, 4, 1 << 20, true), 2).close());
      assertTrue(e.getMessage().contains("row 7 ") && e.getMessage().contains("--half"));
    }
  }

  @Test
  void namesTheMemoryThatItNeeds() {
    try (Tensor features = RandomData.gaussian(new Random(1), 3000, 20)) {
      KnnEngine.Request small =
          new KnnEngine.Request(FeatureRows.of(features), 10, 1000, 2, lists(20, 2));
      BadInputException e =
          assertThrows(BadInputException.class, () -> KnnGraph.build(engine, small, Progress.NONE));
      long needed =
          engine
              .predict(new KnnEngine.Request(FeatureRows.of(features), 10, ENOUGH, 2, lists(20, 2)))
              .peakBytes();
      long result = 3000 * 10 * 2 * Integer.BYTES; // the request's memory is beyond that
      assertTrue(e.getMessage().contains("%,d bytes".formatted(needed - result)), e.getMessage());
      assertTrue(e.getMessage().contains("eigenseg graph"), e.getMessage());
    }
  }

  @Test
  void namesTheRowThatIsNotFinite() {
    try (Tensor features = RandomData.gaussian(new Random(2), 900, 4)) {
      features.set(701 * 4, Float.NaN);
      BadInputException e =
          assertThrows(BadInputException.class, () -> graph(features, 5, lists(9, 2), 2).close());
      assertTrue(e.getMessage().contains("row 701 "), e.getMessage());
    }
  }

  @Test
  void countsAllBlocksAndStopsOnRequest() throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(4), 2000, 8)) {
      TestEngines.checkProgress(
          engine, new KnnEngine.Request(FeatureRows.of(features), 4, ENOUGH, 2, lists(12, 3)));
    }
  }

  @Test
  void theSampleThatChoosesIsNotTheOneThatMeasures() {
    for (long rows : new long[] {2, 3, 100, 1023, 1024, 5000}) {
      QuerySample sample = QuerySample.of(rows);
      Set<Long> both = new HashSet<>();
      Arrays.stream(sample.tuning()).forEach(both::add);
      Arrays.stream(sample.heldBack()).forEach(both::add);
      assertEquals(sample.tuning().length + sample.heldBack().length, both.size());
      assertEquals(Math.min(QuerySample.ROWS, rows / 2), sample.heldBack().length);
    }
  }

  @Test
  void recallAndProbesExcludeEachOther() {
    assertThrows(IllegalArgumentException.class, () -> lists(9, 2).withRecall(0.9));
    assertThrows(IllegalArgumentException.class, () -> KnnIndex.EXACT.withRecall(0.9));
    KnnIndex ivf = KnnIndex.of(KnnIndex.Kind.IVF);
    for (double share : new double[] {0, -1, 1.1, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> ivf.withRecall(share));
    }
  }
}
