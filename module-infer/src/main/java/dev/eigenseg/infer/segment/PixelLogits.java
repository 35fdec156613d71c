package dev.eigenseg.infer.segment;

import java.lang.foreign.MemorySegment;

/**
 * The logits of every pixel of one image, computed where they are asked for: as planes they would
 * take K floats a pixel. Not thread-safe.
 */
interface PixelLogits {
  /** Pixels from left to right. */
  int width();

  /** Pixels from top to bottom. */
  int height();

  /** The number K of clusters. */
  int clusters();

  /**
   * Computes a rectangle of pixels.
   *
   * @param target receives float32 {@code [rows, columns, clusters]} from offset 0; borrowed
   */
  void read(int firstRow, int rows, int firstColumn, int columns, MemorySegment target);
}
