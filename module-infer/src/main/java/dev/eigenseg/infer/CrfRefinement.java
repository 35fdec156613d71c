package dev.eigenseg.infer;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.CrfOptions.Tiles;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.infer.crf.DenseCrf;
import dev.eigenseg.infer.layer.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Refines an image's logits by a dense CRF, tile by tile if it is large.
 *
 * <p>A tile's CRF runs over the clusters that are anywhere in the tile at least {@link #CONTENDER}
 * times as probable as the pixel's best. The others cannot win: as long as a cluster's share q of
 * any pixel is small, the kernels add at most {@code S q} to its logit, S = the weights' sum times
 * a pixel's normalised kernel sum (about 1), so that its ratio to the pixel's best stays below
 * {@code 0.01 exp(S q)}, which for S = 7 has the fixed point q = 0.0108. The unaries of those that
 * stay are the ones that they have among all clusters.
 */
final class CrfRefinement {
  /** How probable a cluster must be somewhere, relative to the best there. */
  static final double CONTENDER = 0.01;

  private static final long BLOCK_BYTES = 4 << 20;

  private final PixelLogits logits;
  private final float divisor;
  private final int[] rgb;
  private final CrfOptions options;
  private final int threads;
  private final short[] result;

  private CrfRefinement(
      PixelLogits logits, float divisor, int[] rgb, CrfOptions options, int threads) {
    this.logits = logits;
    this.divisor = divisor;
    this.rgb = rgb;
    this.options = options;
    this.threads = threads;
    result = new short[rgb.length];
  }

  /**
   * The cluster of every pixel after refinement; of equally probable ones the first.
   *
   * @param logits read a few rows at a time, twice
   * @param logitDivisor what logits are divided by before the softmax that gives probabilities
   * @param rgb 0xRRGGBB of {@code width * height} pixels
   * @param threads worker threads, the caller's among them; the result does not depend on it
   * @throws BadInputException if a logit is not finite
   */
  static short[] refine(
      PixelLogits logits, float logitDivisor, int[] rgb, CrfOptions options, int threads) {
    if (rgb.length != Math.multiplyExact(logits.width(), logits.height())) {
      throw new IllegalArgumentException(
          "%d colours for %d x %d pixels".formatted(rgb.length, logits.width(), logits.height()));
    }
    CrfRefinement refinement = new CrfRefinement(logits, logitDivisor, rgb, options, threads);
    refinement.run();
    return refinement.result;
  }

  private void run() {
    int width = logits.width();
    int height = logits.height();
    Tiles tiles = options.tiles(width, height);
    for (int row = 0; row < tiles.rows(); row++) {
      for (int column = 0; column < tiles.columns(); column++) {
        Part x = Part.of(width, column, tiles.columns(), tiles.margin());
        Part y = Part.of(height, row, tiles.rows(), tiles.margin());
        refine(x, y);
      }
    }
  }

  /**
   * A tile along one axis.
   *
   * @param start the first pixel that it sees
   * @param end after the last one
   * @param first the first pixel that it decides
   * @param last after the last one
   */
  private record Part(int start, int end, int first, int last) {
    static Part of(int size, int index, int parts, int margin) {
      int first = (int) ((long) size * index / parts);
      int last = (int) ((long) size * (index + 1) / parts);
      return new Part(Math.max(0, first - margin), Math.min(size, last + margin), first, last);
    }

    int size() {
      return end - start;
    }
  }

  private void refine(Part x, Part y) {
    int[] kept = contenders(x, y);
    if (kept.length == 1) {
      fill(x, y, (short) kept[0]);
      return;
    }
    long bytes = (long) x.size() * y.size() * DenseCrf.stride(kept.length) * Float.BYTES;
    DenseCrf crf = new DenseCrf(x.size(), colours(x, y), options, threads);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment unaries = arena.allocate(bytes, Scratch.ALIGNMENT);
      MemorySegment q = arena.allocate(bytes, Scratch.ALIGNMENT);
      readUnaries(x, y, kept, unaries);
      crf.infer(unaries, q, kept.length, threads);
      decide(x, y, kept, q);
    }
  }

  private int[] colours(Part x, Part y) {
    int[] colours = new int[x.size() * y.size()];
    for (int row = y.start; row < y.end; row++) {
      System.arraycopy(
          rgb, row * logits.width() + x.start, colours, (row - y.start) * x.size(), x.size());
    }
    return colours;
  }

  private void fill(Part x, Part y, short cluster) {
    for (int row = y.first; row < y.last; row++) {
      int at = row * logits.width();
      Arrays.fill(result, at + x.first, at + x.last, cluster);
    }
  }

  /** The logits of a few pixels. */
  @FunctionalInterface
  private interface Pixels {
    /** Takes {@code count} pixels, of which the first is the tile's pixel {@code pixel}. */
    void accept(long pixel, int count, MemorySegment logits);
  }

  /** Reads a tile in blocks of bounded size. */
  private void read(Part x, Part y, Pixels target) {
    long pixelBytes = (long) logits.clusters() * Float.BYTES;
    int columns = Math.clamp(BLOCK_BYTES / pixelBytes, 1, x.size());
    int rows = Math.clamp(BLOCK_BYTES / (pixelBytes * columns), 1, y.size());
    try (Arena arena = Arena.ofShared()) {
      MemorySegment block = arena.allocate(rows * columns * pixelBytes, Scratch.ALIGNMENT);
      for (int row = y.start; row < y.end; row += rows) {
        int height = Math.min(rows, y.end - row);
        for (int column = x.start; column < x.end; column += columns) {
          int width = Math.min(columns, x.end - column);
          logits.read(row, height, column, width, block);
          for (int i = 0; i < height; i++) {
            long pixel = (long) (row + i - y.start) * x.size() + column - x.start;
            target.accept(pixel, width, block.asSlice(i * width * pixelBytes, width * pixelBytes));
          }
        }
      }
    }
  }

  private int[] contenders(Part x, Part y) {
    int clusters = logits.clusters();
    float[] nearest =
        new float[clusters]; // how near a cluster's logit comes to the best, at most 0
    Arrays.fill(nearest, Float.NEGATIVE_INFINITY);
    float[] row = new float[clusters];
    read(
        x,
        y,
        (pixel, count, block) -> {
          for (int i = 0; i < count; i++) {
            MemorySegment.copy(
                block, ValueLayout.JAVA_FLOAT, (long) i * clusters * Float.BYTES, row, 0, clusters);
            float best = best(row);
            for (int k = 0; k < clusters; k++) {
              nearest[k] = Math.max(nearest[k], row[k] - best);
            }
          }
        });
    double least = divisor * Math.log(CONTENDER);
    return IntStream.range(0, clusters).filter(k -> nearest[k] >= least).toArray();
  }

  private static float best(float[] row) {
    float best = Float.NEGATIVE_INFINITY;
    float worst = Float.POSITIVE_INFINITY;
    for (float value : row) {
      best = Math.max(best, value);
      worst = Math.min(worst, value);
    }
    if (!(best < Float.POSITIVE_INFINITY && worst > Float.NEGATIVE_INFINITY)) {
      throw new BadInputException(
          "the model gives logits that are not finite for this image; it or its backbone is damaged");
    }
    return best;
  }

  private void readUnaries(Part x, Part y, int[] kept, MemorySegment unaries) {
    int clusters = logits.clusters();
    int stride = DenseCrf.stride(kept.length);
    float[] row = new float[clusters];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment softmax = Scratch.floats(arena, 1, clusters);
      read(
          x,
          y,
          (pixel, count, block) -> {
            for (int i = 0; i < count; i++) {
              MemorySegment.copy(
                  block,
                  ValueLayout.JAVA_FLOAT,
                  (long) i * clusters * Float.BYTES,
                  row,
                  0,
                  clusters);
              float norm = logSum(row, softmax);
              long at = (pixel + i) * stride;
              for (int k = 0; k < kept.length; k++) {
                unaries.setAtIndex(ValueLayout.JAVA_FLOAT, at + k, row[kept[k]] / divisor - norm);
              }
            }
          });
    }
  }

  /** The logarithm of the sum of exponentials. */
  private float logSum(float[] row, MemorySegment scratch) {
    int best = 0;
    for (int k = 0; k < row.length; k++) {
      scratch.setAtIndex(ValueLayout.JAVA_FLOAT, k, row[k] / divisor);
      if (row[k] > row[best]) {
        best = k;
      }
    }
    VectorMath.best().softmax(scratch, 0, row.length);
    float largest = scratch.getAtIndex(ValueLayout.JAVA_FLOAT, best);
    return (float) (row[best] / divisor - Math.log(largest));
  }

  private void decide(Part x, Part y, int[] kept, MemorySegment q) {
    int stride = DenseCrf.stride(kept.length);
    for (int row = y.first; row < y.last; row++) {
      for (int column = x.first; column < x.last; column++) {
        long at = ((long) (row - y.start) * x.size() + column - x.start) * stride;
        int best = 0;
        float most = q.getAtIndex(ValueLayout.JAVA_FLOAT, at);
        for (int k = 1; k < kept.length; k++) {
          float value = q.getAtIndex(ValueLayout.JAVA_FLOAT, at + k);
          if (value > most) {
            most = value;
            best = k;
          }
        }
        result[row * logits.width() + column] = (short) kept[best];
      }
    }
  }
}
