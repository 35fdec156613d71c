package dev.eigenseg.train.neuralef;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.eigenseg.train.TestSeed;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OrthogonalHeadTest {
  @ParameterizedTest
  @CsvSource({"1, 7", "5, 24", "23, 24", "24, 24", "25, 24", "40, 24", "7, 1"})
  void staysSemiOrthogonal(int clusters, int hidden) {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    float[] values = new float[clusters * hidden];
    OrthogonalHead.random(clusters, hidden, random, values);
    String what = "%d x %d, seed %d".formatted(clusters, hidden, seed);
    assertTrue(error(values, clusters, hidden) < 1e-5, what);
    for (int i = 0; i < values.length; i++) {
      values[i] = 1.01f * values[i] + 1e-3f * (float) random.nextGaussian();
    }
    assertTrue(error(values, clusters, hidden) > 1e-4, "nothing to repair, " + what);
    try (NDManager manager = Torch.engine().newBaseManager()) {
      NDArray head = manager.create(values, new Shape(clusters, hidden));
      OrthogonalHead.retract(manager, head);
      double error = error(head.toFloatArray(), clusters, hidden);
      assertTrue(error < 2e-6, "error %g, %s".formatted(error, what));
    }
  }

  /** The largest entry of W W^T - I, or of W^T W - I if W has more rows than columns. */
  private static double error(float[] w, int rows, int columns) {
    int count = Math.min(rows, columns);
    int length = Math.max(rows, columns);
    double worst = 0;
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < count; j++) {
        double sum = i == j ? -1 : 0;
        for (int l = 0; l < length; l++) {
          sum +=
              rows <= columns
                  ? (double) w[i * columns + l] * w[j * columns + l]
                  : (double) w[l * columns + i] * w[l * columns + j];
        }
        worst = Math.max(worst, Math.abs(sum));
      }
    }
    return worst;
  }
}
