package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;

/**
 * The colours of one image on its patch grid.
 *
 * @param rows patches from top to bottom
 * @param columns patches from left to right
 * @param colors r, g, b in [0, 1], float32 {@code [rows * columns, 3]}; borrowed
 */
public record GridColors(int rows, int columns, Tensor colors) {
  /** Checks the shapes. */
  public GridColors {
    if (rows < 1 || columns < 1) {
      throw new IllegalArgumentException("an empty grid of %d x %d".formatted(rows, columns));
    }
    if (colors.dtype() != DType.F32
        || colors.rank() != 2
        || colors.size(0) != Math.multiplyExact((long) rows, columns)
        || colors.size(1) != 3) {
      throw new IllegalArgumentException(
          "expected float32 colours [%d, 3], found %s".formatted((long) rows * columns, colors));
    }
  }

  /** The number of patches. */
  public int patches() {
    return Math.multiplyExact(rows, columns);
  }
}
