package dev.eigenseg.graph;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.Random;

/** Rows around fifty directions, as patch features are; for benchmarks. */
public final class ClusteredRows {
  private static final int CLUSTERS = 50;

  private ClusteredRows() {}

  public static Tensor of(int rows, int dim) {
    return of(rows, dim, 1);
  }

  /** Other rows around the same directions. */
  public static Tensor of(int rows, int dim, int seed) {
    return of(rows, dim, seed, CLUSTERS);
  }

  /** Likewise, around another number of directions. */
  public static Tensor of(int rows, int dim, int seed, int clusters) {
    Random random = new Random(seed);
    Tensor features = Tensor.allocate(DType.F32, rows, dim);
    try (Tensor centers = RandomData.gaussian(new Random(0), clusters, dim)) {
      for (long row = 0; row < rows; row++) {
        long center = random.nextInt(clusters);
        for (long c = 0; c < dim; c++) {
          features.set(
              row * dim + c, centers.get(center * dim + c) + (float) random.nextGaussian());
        }
      }
    }
    return features;
  }
}
