package dev.eigenseg.api;

import dev.eigenseg.api.tensor.Tensor;

/**
 * Receives what a model says of every pixel, a strip of rows at a time: all of it at once would be
 * K numbers a pixel.
 */
@FunctionalInterface
public interface PixelRows {
  /**
   * Takes the next rows; called from top to bottom, in the thread of the call. What it throws ends
   * the call.
   *
   * @param firstRow the strip's first row in the image
   * @param values float32 {@code [rows, width, clusters]}; borrowed until this returns
   */
  void accept(int firstRow, Tensor values);
}
