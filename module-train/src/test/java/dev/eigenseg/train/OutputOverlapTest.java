package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.tensor.Tensor;
import org.junit.jupiter.api.Test;

class OutputOverlapTest {
  private static double overlap(float[] values, long columns, int threads) {
    try (Tensor outputs = Tensor.of(values, values.length / columns, columns)) {
      return OutputOverlap.of(outputs, threads, Progress.NONE);
    }
  }

  @Test
  void orthogonalColumnsDoNotOverlap() {
    assertEquals(0, overlap(new float[] {1, 0, 0, 0, 2, 0, 0, 0, 3, 4, 0, 0}, 3, 1));
  }

  @Test
  void equalColumnsOverlapWholly() {
    assertEquals(3, overlap(new float[] {1, 1, 1, 2, 2, 2}, 3, 2), 1e-12);
  }

  @Test
  void cosinesAreSquaredAndSummed() {
    // Columns (1, 0), (1, 1) and (0, 0): one pair at 45 degrees, and one that is nothing.
    assertEquals(0.5, overlap(new float[] {1, 1, 0, 0, 1, 0}, 3, 1), 1e-12);
  }

  @Test
  void threadsChangeNothing() {
    float[] values = new float[3000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7919 % 1009) / 1009f;
    }
    assertEquals(overlap(values, 6, 1), overlap(values, 6, 3));
  }
}
