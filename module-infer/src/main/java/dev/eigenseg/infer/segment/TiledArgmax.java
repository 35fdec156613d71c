package dev.eigenseg.infer.segment;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.infer.layer.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The winner of every pixel, found strip by strip: never all logits at once. */
final class TiledArgmax {
  /** The bytes of a strip's logits. */
  static final long STRIP_BYTES = 32L << 20;

  private TiledArgmax() {}

  /**
   * The cluster with the largest logit for every pixel; of equal ones the first.
   *
   * @param logits read once, from top to bottom
   * @param stripBytes the logits that are read at a time; those of one pixel at least
   */
  static short[] of(PixelLogits logits, long stripBytes, int threads) {
    int width = logits.width();
    int height = logits.height();
    short[] result = new short[Math.multiplyExact(width, height)];
    long pixels = Math.max(1, stripBytes / ((long) logits.clusters() * Float.BYTES));
    int columns = (int) Math.min(width, pixels);
    int rows = Math.clamp(pixels / columns, 1, height);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment tile = Scratch.floats(arena, (long) rows * columns, logits.clusters());
      for (int y = 0; y < height; y += rows) {
        for (int x = 0; x < width; x += columns) {
          int tileRows = Math.min(rows, height - y);
          int tileColumns = Math.min(columns, width - x);
          logits.read(y, tileRows, x, tileColumns, tile);
          int first = y * width + x;
          Parallel.forEach(
              threads,
              tileRows,
              row ->
                  row(
                      tile,
                      row * tileColumns,
                      tileColumns,
                      logits.clusters(),
                      result,
                      first + (int) row * width));
        }
      }
    }
    return result;
  }

  private static void row(
      MemorySegment tile, long firstPixel, int pixels, int clusters, short[] result, int target) {
    VectorMath math = VectorMath.best();
    for (int x = 0; x < pixels; x++) {
      long offset = (firstPixel + x) * clusters * Float.BYTES;
      result[target + x] = (short) math.argmax(tile, offset, clusters);
    }
  }
}
