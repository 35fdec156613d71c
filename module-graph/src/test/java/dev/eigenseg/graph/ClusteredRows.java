package dev.eigenseg.graph;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.Random;

/** Rows around fifty directions, as patch features are; for benchmarks. */
final class ClusteredRows {
  private ClusteredRows() {}

  static Tensor of(int rows, int dim) {
    Random random = new Random(1);
    Tensor features = Tensor.allocate(DType.F32, rows, dim);
    try (Tensor centers = RandomData.gaussian(random, 50, dim)) {
      for (long row = 0; row < rows; row++) {
        long center = random.nextInt(50);
        for (long c = 0; c < dim; c++) {
          features.set(
              row * dim + c, centers.get(center * dim + c) + (float) random.nextGaussian());
        }
      }
    }
    return features;
  }
}
