package dev.eigenseg.graph;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.Random;

/** Random matrices. */
public final class RandomData {
  private RandomData() {}

  public static Tensor gaussian(Random random, long rows, long dim) {
    Tensor matrix = Tensor.allocate(DType.F32, rows, dim);
    for (long i = 0; i < matrix.size(); i++) {
      matrix.set(i, (float) random.nextGaussian());
    }
    return matrix;
  }
}
