package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.tensor.Tensor;
import org.junit.jupiter.api.Test;

class OutputOverlapTest {
  private static double overlap(float[] values, long columns) {
    try (Tensor outputs = Tensor.of(values, values.length / columns, columns)) {
      return OutputOverlap.of(outputs);
    }
  }

  @Test
  void orthogonalColumnsDoNotOverlap() {
    assertEquals(0, overlap(new float[] {1, 0, 0, 0, 2, 0, 0, 0, 3, 4, 0, 0}, 3));
  }

  @Test
  void equalColumnsOverlapWholly() {
    assertEquals(3, overlap(new float[] {1, 1, 1, 2, 2, 2}, 3), 1e-12);
  }

  @Test
  void cosinesAreSquaredAndSummed() {
    // Columns (1, 0), (1, 1) and (0, 0): one pair at 45 degrees, and one that is nothing.
    assertEquals(0.5, overlap(new float[] {1, 1, 0, 0, 1, 0}, 3), 1e-12);
  }

  @Test
  void signsDoNotMatter() {
    assertEquals(1, overlap(new float[] {1, -1, 2, -2}, 2), 1e-12);
  }

  @Test
  void whatIsNotFiniteIsRefused() {
    assertThrows(EigensegException.class, () -> overlap(new float[] {1, Float.NaN, 0, 1}, 2));
  }
}
