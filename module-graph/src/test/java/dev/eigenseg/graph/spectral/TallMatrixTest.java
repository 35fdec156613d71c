package dev.eigenseg.graph.spectral;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.graph.TestSeed;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TallMatrixTest {
  private final long seed = TestSeed.next();
  private final Random random = new Random(seed);

  @Test
  void vectorLoopsEqualTheirScalarTwins() {
    for (int rows : new int[] {0, 1, 7, 33}) {
      float[] coefficients = new float[256];
      for (int i = 0; i < coefficients.length; i++) {
        coefficients[i] = (float) random.nextGaussian();
      }
      try (TallMatrix x = gaussian(rows);
          TallMatrix y = gaussian(rows);
          TallMatrix copy = new TallMatrix(rows)) {
        float[] expected = coefficients.clone();
        float[] found = coefficients.clone();
        new TallKernel.Scalar()
            .inner(x.values().segment(), y.values().segment(), 0, rows, expected);
        TallKernel.best().inner(x.values().segment(), y.values().segment(), 0, rows, found);
        assertArrayEquals(expected, found, "seed " + seed);
        copy.values().segment().copyFrom(y.values().segment());
        new TallKernel.Scalar()
            .add(copy.values().segment(), x.values().segment(), coefficients, 0, rows);
        TallKernel.best().add(y.values().segment(), x.values().segment(), coefficients, 0, rows);
        assertArrayEquals(copy.values().toFloats(), y.values().toFloats(), "seed " + seed);
      }
    }
  }

  @Test
  void innerProductsAreThoseOfColumnsWithAnyNumberOfThreads() {
    int rows = 2 * TallMatrix.CHUNK + 17;
    try (TallMatrix x = gaussian(rows);
        TallMatrix y = gaussian(rows)) {
      double[] found = x.inner(y, 1);
      assertArrayEquals(found, x.inner(y, 3), "seed " + seed);
      for (int i = 0; i < 256; i++) {
        double sum = 0;
        for (long row = 0; row < rows; row++) {
          sum += (double) x.values().get(row * 16 + i / 16) * y.values().get(row * 16 + i % 16);
        }
        assertEquals(sum, found[i], 1e-3, "seed " + seed);
      }
    }
  }

  private TallMatrix gaussian(int rows) {
    TallMatrix matrix = new TallMatrix(rows);
    for (long i = 0; i < rows * 16L; i++) {
      matrix.values().set(i, (float) random.nextGaussian());
    }
    return matrix;
  }
}
