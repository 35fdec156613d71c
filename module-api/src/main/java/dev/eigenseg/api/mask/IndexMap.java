package dev.eigenseg.api.mask;

import java.util.function.IntBinaryOperator;

/**
 * A number for every pixel, such as its cluster or class.
 *
 * @param width pixels from left to right, at least 1
 * @param height pixels from top to bottom, at least 1
 * @param values gives the number at a column and a row; asked several times for the same pixel, and
 *     always the same
 */
public record IndexMap(int width, int height, IntBinaryOperator values) {
  /** Checks that there are pixels, and not more than an array holds. */
  public IndexMap {
    if (width < 1 || height < 1 || (long) width * height > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException("no map of %d x %d pixels".formatted(width, height));
    }
  }

  /** The number of a pixel. */
  public int at(int x, int y) {
    return values.applyAsInt(x, y);
  }
}
