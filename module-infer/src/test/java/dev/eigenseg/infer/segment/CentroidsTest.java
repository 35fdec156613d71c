package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.layer.Scratch;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CentroidsTest {
  @Test
  void logitsAreNegativeSquaredDistances() {
    Random random = TestSeed.random();
    for (int rows : new int[] {0, 1, 5, Scratch.TILE + 3}) {
      for (boolean normalize : new boolean[] {false, true}) {
        compare(random, rows, 1 + random.nextInt(20), 1 + random.nextInt(40), normalize);
      }
    }
  }

  private static void compare(Random random, int rows, int clusters, int dim, boolean normalize) {
    try (Tensor centers = Fixtures.gaussian(random, 1, clusters, dim);
        Tensor features = Fixtures.gaussian(random, 2, rows, dim);
        Tensor logits = Tensor.allocate(DType.F32, rows, clusters);
        Centroids centroids = new Centroids(centers, normalize)) {
      if (rows > 1) {
        for (int c = 0; c < dim; c++) {
          features.set(c, 0); // a zero row stays zero, also when normalised
        }
      }
      centroids.logits(features, logits, 1 + random.nextInt(4));
      for (int row = 0; row < rows; row++) {
        double square = 0;
        for (int c = 0; c < dim; c++) {
          square += Math.pow(features.get((long) row * dim + c), 2);
        }
        double norm = normalize && square > 0 ? Math.sqrt(square) : 1;
        for (int k = 0; k < clusters; k++) {
          double distance = 0;
          for (int c = 0; c < dim; c++) {
            double value = features.get((long) row * dim + c) / norm;
            distance += Math.pow(value - centers.get((long) k * dim + c), 2);
          }
          float found = logits.get((long) row * clusters + k);
          assertEquals(-distance, found, 1e-3 * Math.max(1, distance));
        }
      }
    }
  }
}
