package dev.eigenseg.graph.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.resource.LargeMemory;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestEngines;
import dev.eigenseg.graph.TestSeed;
import dev.eigenseg.graph.exact.JoinPlan;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class VectorKnnEngineTest {
  private static final long ENOUGH = 1L << 30;
  private final KnnEngine engine = new VectorKnnEngine();

  @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
  private record Found(int[] ids, float[] similarities) {}

  private Found search(Tensor features, int k, long memory, int threads) throws IOException {
    long rows = features.size(0);
    try (Tensor ids = Tensor.allocate(DType.I32, rows, k);
        Tensor similarities = Tensor.allocate(DType.F32, rows, k)) {
      KnnEngine.Request request =
          new KnnEngine.Request(FeatureRows.of(features), k, memory, threads);
      engine.search(request, ids, similarities, Progress.NONE);
      int[] found = new int[Math.toIntExact(ids.size())];
      Arrays.setAll(found, i -> (int) ids.getLong(i));
      return new Found(found, similarities.toFloats());
    }
  }

  /** The oracle: sorts every row, in the arithmetic that the engine promises. */
  private static Found oracle(Tensor features, int k) {
    int rows = Math.toIntExact(features.size(0));
    int dim = Math.toIntExact(features.size(1));
    float[][] unit = new float[rows][dim];
    for (int row = 0; row < rows; row++) {
      double squares = 0;
      for (int c = 0; c < dim; c++) {
        squares += (double) features.get((long) row * dim + c) * features.get((long) row * dim + c);
      }
      float inverse = squares > 0 ? (float) (1 / Math.max(Math.sqrt(squares), 1e-12)) : 0;
      for (int c = 0; c < dim; c++) {
        unit[row][c] = features.get((long) row * dim + c) * inverse;
      }
    }
    Found found = new Found(new int[rows * k], new float[rows * k]);
    for (int row = 0; row < rows; row++) {
      int self = row;
      float[] scores = new float[rows];
      for (int other = 0; other < rows; other++) {
        for (int c = 0; c < dim; c++) {
          scores[other] = Math.fma(unit[row][c], unit[other][c], scores[other]);
        }
        scores[other] += 0f;
      }
      Integer[] order =
          IntStream.range(0, rows).filter(i -> i != self).boxed().toArray(Integer[]::new);
      Arrays.sort(order, Comparator.<Integer>comparingDouble(i -> -scores[i]));
      for (int i = 0; i < k; i++) {
        found.ids[row * k + i] = order[i];
        found.similarities[row * k + i] = scores[order[i]];
      }
    }
    return found;
  }

  private static void assertSame(Found expected, Found found, String what) {
    assertArrayEquals(expected.ids, found.ids, what);
    assertArrayEquals(expected.similarities, found.similarities, what);
  }

  @Test
  void detailsSayWhetherThereAreHugePages() {
    // The build lets the module that asks for them call native code, here too.
    assertEquals(System.getProperty("os.name").equals("Linux"), LargeMemory.refusal().isEmpty());
    assertTrue(engine.details().endsWith(LargeMemory.refusal().orElse("; huge pages")));
  }

  @Test
  void equalsTheOracleForRandomShapes() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    int[][] shapes = {{2, 1, 1}, {3, 5, 2}, {97, 7, 1}, {481, 3, 40}, {700, 33, 64}, {1100, 2, 5}};
    for (int[] shape : shapes) {
      try (Tensor features = RandomData.gaussian(random, shape[0], shape[1])) {
        String what = Arrays.toString(shape) + ", seed " + seed;
        assertSame(
            oracle(features, shape[2]),
            search(features, shape[2], ENOUGH, 1 + random.nextInt(3)),
            what);
      }
    }
  }

  @Test
  void tiesAndZeroRowsAreOrderedById() throws IOException {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    try (Tensor features = Tensor.allocate(DType.F32, 600, 3)) {
      for (long i = 0; i < features.size(); i++) {
        features.set(i, random.nextInt(3) - 1); // few distinct rows, among them zero
      }
      assertSame(oracle(features, 70), search(features, 70, ENOUGH, 2), "seed " + seed);
    }
  }

  @Test
  void allEqualRowsTakeTheLowestIds() throws IOException {
    try (Tensor features = Tensor.allocate(DType.F32, 2000, 2)) {
      Found found = search(features, 3, ENOUGH, 2);
      assertArrayEquals(new int[] {1, 2, 3}, Arrays.copyOf(found.ids, 3));
      assertArrayEquals(new int[] {0, 1, 2}, Arrays.copyOfRange(found.ids, 5997, 6000));
      assertEquals(0f, found.similarities[0]);
    }
  }

  @Test
  void bytesDependNeitherOnThreadsNorOnMemory() throws IOException {
    long seed = TestSeed.next();
    try (Tensor features = RandomData.gaussian(new Random(seed), 3000, 20)) {
      Found expected = search(features, 20, ENOUGH, 1);
      KnnEngine.Request request = new KnnEngine.Request(FeatureRows.of(features), 20, ENOUGH, 2);
      JoinPlan whole = JoinPlan.of(request, new VectorTiles());
      assertTrue(whole.cached());
      assertEquals(1, whole.grid().strips());
      assertSame(expected, search(features, 20, ENOUGH, 2), "seed " + seed);
      assertSame(expected, search(features, 20, ENOUGH, 5), "seed " + seed);
      long least = least(request);
      for (long memory : new long[] {least, (least + whole.bytes()) / 2, whole.bytes() - 1}) {
        JoinPlan plan =
            JoinPlan.of(
                new KnnEngine.Request(FeatureRows.of(features), 20, memory, 2), new VectorTiles());
        assertFalse(plan.cached());
        assertTrue(plan.bytes() <= memory);
        assertEquals(memory == least, plan.stripRows() == plan.block(), plan.toString());
        assertSame(expected, search(features, 20, memory, 2), memory + " bytes, seed " + seed);
      }
    }
  }

  private static long least(KnnEngine.Request request) {
    long low = 0;
    long high = request.memory();
    while (low + 1 < high) {
      long middle = (low + high) >>> 1;
      try {
        JoinPlan.of(
            new KnnEngine.Request(request.features(), request.k(), middle, request.threads()),
            new VectorTiles());
        high = middle;
      } catch (BadInputException e) {
        assertTrue(e.getMessage().contains("%,d".formatted(middle)), e.getMessage());
        low = middle;
      }
    }
    return high;
  }

  @Test
  void namesTheLeastMemory() throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(1), 3000, 20)) {
      KnnEngine.Request request = new KnnEngine.Request(FeatureRows.of(features), 20, ENOUGH, 2);
      BadInputException e =
          assertThrows(BadInputException.class, () -> search(features, 20, 1000, 2));
      assertTrue(e.getMessage().contains("%,d bytes".formatted(least(request))), e.getMessage());
    }
  }

  @Test
  void namesTheFirstRowThatIsNotFinite() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      try (Tensor features = RandomData.gaussian(new Random(2), 1500, 4)) {
        features.set(1300 * 4 + 3, bad);
        features.set(701 * 4, bad);
        BadInputException e =
            assertThrows(BadInputException.class, () -> search(features, 5, ENOUGH, 2));
        assertTrue(e.getMessage().contains("row 701 "), e.getMessage());
      }
    }
  }

  @Test
  void refusesKThatLeavesNoOtherRow() {
    try (Tensor features = RandomData.gaussian(new Random(3), 4, 2)) {
      assertThrows(IllegalArgumentException.class, () -> search(features, 4, ENOUGH, 1));
      assertThrows(IllegalArgumentException.class, () -> search(features, 0, ENOUGH, 1));
    }
  }

  @Test
  void readErrorsSurfaceAsTheyAre() {
    FeatureRows broken =
        new FeatureRows() {
          @Override
          public long rows() {
            return 100;
          }

          @Override
          public int dim() {
            return 4;
          }

          @Override
          public void read(long firstRow, long count, MemorySegment target) throws IOException {
            throw new IOException("the disk is gone");
          }
        };
    try (Tensor ids = Tensor.allocate(DType.I32, 100, 2);
        Tensor similarities = Tensor.allocate(DType.F32, 100, 2)) {
      KnnEngine.Request request = new KnnEngine.Request(broken, 2, ENOUGH, 2);
      IOException e =
          assertThrows(
              IOException.class, () -> engine.search(request, ids, similarities, Progress.NONE));
      assertEquals("the disk is gone", e.getMessage());
    }
  }

  @Test
  void countsAllTilesAndStopsOnRequest() throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(4), 2000, 8)) {
      TestEngines.checkProgress(
          engine, new KnnEngine.Request(FeatureRows.of(features), 4, ENOUGH, 2));
    }
  }

  @Test
  void predictsBytesWithinTheLimit() {
    try (Tensor features = RandomData.gaussian(new Random(5), 500, 16)) {
      KnnEngine.Cost cost =
          engine.predict(new KnnEngine.Request(FeatureRows.of(features), 10, ENOUGH, 2));
      assertTrue(cost.seconds() > 0 && cost.seconds() < 60, cost.toString());
      assertTrue(cost.peakBytes() > 500 * 20 * 8 && cost.peakBytes() <= ENOUGH, cost.toString());
    }
  }
}
