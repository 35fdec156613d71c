package dev.eigenseg.graph.kmeans;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.TestEngines;
import dev.eigenseg.graph.TestSeed;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DensitySampleTest {
  private static final int ROWS = 400;
  private static final int DIM = 5;
  private static final int RARE = 40;

  private final long seed = TestSeed.next();

  /** Most rows lie close together, every tenth in a sparse cloud elsewhere. */
  private Tensor rows() {
    Random random = new Random(seed);
    Tensor rows = Tensor.allocate(DType.F32, ROWS, DIM);
    for (int row = 0; row < ROWS; row++) {
      boolean rare = row % 10 == 0;
      for (int c = 0; c < DIM; c++) {
        float centre = c == (rare ? 0 : 1) ? 1 : 0;
        rows.set((long) row * DIM + c, centre + (rare ? 0.3f : 0.02f) * random.nextFloat());
      }
    }
    return rows;
  }

  private static KnnGraph graph(FeatureRows rows) throws IOException {
    return KnnGraph.build(
        TestEngines.underTest(), new KnnEngine.Request(rows, 8, 64 << 20, 2), Progress.NONE);
  }

  @Test
  void rowsAreChosenInProportionToTheirRadius() throws IOException {
    try (Tensor matrix = rows();
        KnnGraph graph = graph(FeatureRows.of(matrix))) {
      try (DensitySample plain = DensitySample.of(FeatureRows.of(matrix), graph, 0, 3)) {
        for (long place = 0; place < ROWS; place++) {
          assertEquals(place, plain.chosen(place), "power 0 changes nothing; seed " + seed);
        }
      }
      double[] weights = new double[ROWS];
      double sum = 0;
      for (int row = 0; row < ROWS; row++) {
        weights[row] = 2 - 2 * graph.similarities().get((row + 1L) * 8 - 1);
        sum += weights[row];
      }
      int[] counts = new int[ROWS];
      try (DensitySample sample = DensitySample.of(FeatureRows.of(matrix), graph, 2, 3)) {
        for (long place = 0; place < ROWS; place++) {
          counts[(int) sample.chosen(place)]++;
        }
      }
      int rare = 0;
      for (int row = 0; row < ROWS; row++) {
        assertEquals(ROWS * weights[row] / sum, counts[row], 1.0001, "seed " + seed);
        rare += row % 10 == 0 ? counts[row] : 0;
      }
      assertTrue(rare > 4 * RARE, "the sparse cloud has " + rare + " of " + ROWS);
    }
  }

  @Test
  void rowsAreReadAsChosen() throws IOException {
    try (Tensor matrix = rows();
        KnnGraph graph = graph(FeatureRows.of(matrix));
        DensitySample sample = DensitySample.of(FeatureRows.of(matrix), graph, 4, 1);
        Tensor read = Tensor.allocate(DType.F32, 200, DIM)) {
      sample.read(50, 200, read.segment());
      for (long i = 0; i < read.size(); i++) {
        assertEquals(matrix.get(sample.chosen(50 + i / DIM) * DIM + i % DIM), read.get(i));
      }
    }
  }

  @Test
  void refusesAnotherBanksGraph() throws IOException {
    try (Tensor matrix = rows();
        KnnGraph graph = graph(FeatureRows.of(matrix))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> DensitySample.of(FeatureRows.of(matrix.slice(0, 10)), graph, 1, 0));
      assertThrows(
          IllegalArgumentException.class,
          () -> DensitySample.of(FeatureRows.of(matrix), graph, -1, 0));
    }
  }
}
