package dev.eigenseg.infer.segment;

import dev.eigenseg.api.PixelRows;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;

/** Reads an image's logits from top to bottom: never all of them at once. */
final class PixelStrips {
  /** The bytes of a strip. */
  static final long BYTES = 32L << 20;

  private PixelStrips() {}

  /**
   * Hands out all rows.
   *
   * @param bytes of a strip at most; one row at least is read
   */
  static void read(PixelLogits logits, long bytes, PixelRows target) {
    int width = logits.width();
    int height = logits.height();
    int clusters = logits.clusters();
    int rows = Math.clamp(bytes / ((long) width * clusters * Float.BYTES), 1, height);
    try (Tensor strip = Tensor.allocate(DType.F32, rows, width, clusters)) {
      for (int first = 0; first < height; first += rows) {
        int count = Math.min(rows, height - first);
        logits.read(first, count, 0, width, strip.segment());
        target.accept(first, strip.slice(0, count));
      }
    }
  }
}
