package dev.eigenseg.infer.segment;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.CrfOptions.Tiles;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.CallScope;
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
 * <p>A tile's CRF runs over the clusters that come anywhere in the tile near enough to the pixel's
 * best: {@link #contender} times its probability, 0.01 for the published weights. The others cannot
 * win. While a cluster's share of every pixel is at most q, the kernels add at most {@code S q} to
 * its logit, where S is the sum of the weights times a pixel's normalised kernel sum, which is
 * about 1. So its ratio to the best, once at most r, stays at most {@code r exp(S q)}; q = r exp(S
 * q) has a solution below 1 as long as r S is at most 1 / e, and with r S = 0.07 that solution is
 * 1.08 r. Those that stay keep the unaries that they have among all clusters, so what is left out
 * changes them by its small shares alone.
 */
final class CrfRefinement {
  private static final long BLOCK_BYTES = 4 << 20;

  private final PixelLogits logits;
  private final float divisor;
  private final int[] rgb;
  private final CrfOptions options;
  private final double contender;
  private final int threads;
  private final Progress progress;
  private final short[] result;

  private CrfRefinement(
      PixelLogits logits,
      float divisor,
      int[] rgb,
      CrfOptions options,
      double contender,
      int threads,
      Progress progress) {
    this.logits = logits;
    this.progress = progress;
    this.divisor = divisor;
    this.rgb = rgb;
    this.options = options;
    this.contender = contender;
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
   * @param progress counts iterations of all tiles
   * @throws BadInputException if a logit is not finite
   */
  static short[] refine(
      PixelLogits logits,
      float logitDivisor,
      int[] rgb,
      CrfOptions options,
      int threads,
      Progress progress) {
    return refine(logits, logitDivisor, rgb, options, contender(options), threads, progress);
  }

  /** How probable a cluster must be somewhere, relative to the best there, to take part. */
  private static double contender(CrfOptions options) {
    return Math.min(0.01, 0.07 / (options.gaussianWeight() + options.bilateralWeight()));
  }

  /** The same with another limit for clusters; with 0 all of them take part. */
  static short[] refine(
      PixelLogits logits,
      float logitDivisor,
      int[] rgb,
      CrfOptions options,
      double contender,
      int threads,
      Progress progress) {
    if (rgb.length != Math.multiplyExact(logits.width(), logits.height())) {
      throw new IllegalArgumentException(
          "%d colours for %d x %d pixels".formatted(rgb.length, logits.width(), logits.height()));
    }
    CrfRefinement refinement =
        new CrfRefinement(logits, logitDivisor, rgb, options, contender, threads, progress);
    refinement.run();
    return refinement.result;
  }

  private void run() {
    int width = logits.width();
    int height = logits.height();
    Tiles tiles = options.tiles(width, height);
    long total = tiles.count() * options.iterations();
    try (Progress.Task task = progress.start("crf", total, "iterations")) {
      for (int row = 0; row < tiles.rows(); row++) {
        for (int column = 0; column < tiles.columns(); column++) {
          Part x = Part.of(width, column, tiles.columns(), tiles.margin());
          Part y = Part.of(height, row, tiles.rows(), tiles.margin());
          refine(x, y, task);
        }
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

  private void refine(Part x, Part y, Progress.Task task) {
    int[] kept = contenders(x, y);
    if (kept.length == 1) {
      fill(x, y, (short) kept[0]);
      task.advance(options.iterations());
      return;
    }
    long bytes = (long) x.size() * y.size() * DenseCrf.stride(kept.length) * Float.BYTES;
    DenseCrf crf = new DenseCrf(x.size(), colours(x, y), options, threads);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment unaries = arena.allocate(bytes, Scratch.ALIGNMENT);
      MemorySegment q = arena.allocate(bytes, Scratch.ALIGNMENT);
      readUnaries(x, y, kept, unaries);
      crf.infer(unaries, q, kept.length, threads, () -> task.advance(1));
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

  /** Takes a part of a row of pixels. */
  @FunctionalInterface
  private interface Pixels {
    /**
     * May be called by several threads at once.
     *
     * @param first the tile's pixel that comes first
     * @param count pixels
     * @param logits theirs, borrowed
     */
    void accept(long first, int count, MemorySegment logits);
  }

  /** Reads a tile in blocks of bounded size, whose rows are then looked at in parallel. */
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
          long first = (long) (row - y.start) * x.size() + column - x.start;
          long bytes = width * pixelBytes;
          Parallel.forEach(
              threads,
              height,
              i -> target.accept(first + i * x.size(), width, block.asSlice(i * bytes, bytes)));
        }
      }
    }
  }

  /** The clusters that take part in a tile, ascending. */
  private int[] contenders(Part x, Part y) {
    int clusters = logits.clusters();
    float[] nearest = lowest(clusters);
    read(
        x,
        y,
        (first, count, block) -> {
          float[] own = lowest(clusters);
          float[] pixel = new float[clusters];
          for (int i = 0; i < count; i++) {
            load(block, i, pixel);
            float best = best(pixel);
            for (int k = 0; k < clusters; k++) {
              own[k] = Math.max(own[k], pixel[k] - best);
            }
          }
          synchronized (nearest) {
            for (int k = 0; k < clusters; k++) {
              nearest[k] = Math.max(nearest[k], own[k]);
            }
          }
        });
    double least = divisor * Math.log(contender);
    return IntStream.range(0, clusters).filter(k -> nearest[k] >= least).toArray();
  }

  /** How near clusters' logits come to the best of the same pixel: not at all so far. */
  private static float[] lowest(int clusters) {
    float[] nearest = new float[clusters];
    Arrays.fill(nearest, Float.NEGATIVE_INFINITY);
    return nearest;
  }

  private static void load(MemorySegment block, long index, float[] pixel) {
    long offset = index * pixel.length * Float.BYTES;
    MemorySegment.copy(block, ValueLayout.JAVA_FLOAT, offset, pixel, 0, pixel.length);
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

  /** Fills in the logarithms of probabilities among all clusters, for those that are kept. */
  private void readUnaries(Part x, Part y, int[] kept, MemorySegment unaries) {
    int clusters = logits.clusters();
    long stride = DenseCrf.stride(kept.length);
    read(
        x,
        y,
        (first, count, block) -> {
          float[] pixel = new float[clusters];
          try (Arena arena = Arena.ofShared()) {
            MemorySegment softmax = Scratch.floats(arena, 1, clusters);
            for (int i = 0; i < count; i++) {
              load(block, i, pixel);
              float norm = logSum(pixel, softmax);
              long at = (first + i) * stride;
              for (int k = 0; k < kept.length; k++) {
                float value = pixel[kept[k]] / divisor - norm;
                unaries.setAtIndex(ValueLayout.JAVA_FLOAT, at + k, value);
              }
            }
          }
        });
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
    CallScope scope = CallScope.current();
    for (int row = y.first; row < y.last; row++) {
      scope.check();
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
