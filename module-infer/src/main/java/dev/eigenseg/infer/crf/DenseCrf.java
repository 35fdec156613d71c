package dev.eigenseg.infer.crf;

import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.infer.crf.LineMath.Lines;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Mean-field inference in a dense CRF: Q = softmax(U + w_g K_g Q + w_b K_b Q), all pixels at once,
 * where U are logarithms of probabilities, K_g and K_b Gaussian kernels on positions and on
 * positions with colours, the pixel itself included, normalised symmetrically. Both kernels are
 * filters on permutohedral lattices, which are built once per image.
 *
 * <p>Immutable and thread-safe; the result does not depend on the number of threads.
 */
public final class DenseCrf {
  /** Probabilities are taken as at least this much, as published. */
  public static final float SMALLEST = 1e-5f;

  private static final long ALIGNMENT = 64;
  private static final int PIECE = 1 << 11; // pixels that one thread normalises at a time
  private static final int SLICED = 1 << 8; // pixels whose lines stay in the first-level cache
  private static final int SPLATTED = 1 << 12; // vertices between two questions whether to go on
  private static final int SHARED =
      1 << 13; // elements for which a second thread is worth its start
  private static final float NEVER = -1e30f; // the unary of channels beyond the last cluster

  private final CrfOptions options;
  private final LineMath lines;
  private final int pixels;
  private final List<Lattice> kernels;

  /**
   * Builds the lattices of an image.
   *
   * @param width pixels from left to right
   * @param rgb 0xRRGGBB of each pixel, row after row
   * @throws IllegalArgumentException if the deviations are too small for an image of this size
   */
  public DenseCrf(int width, int[] rgb, CrfOptions options, int threads) {
    this(width, rgb, options, threads, LineMath.best());
  }

  DenseCrf(int width, int[] rgb, CrfOptions options, int threads, LineMath lines) {
    this.options = options;
    this.lines = lines;
    pixels = rgb.length;
    List<IntFunction<Lattice>> builders = new ArrayList<>();
    if (options.gaussianWeight() > 0) {
      builders.add(t -> new Lattice(positions(width, options), 2, options.gaussianWeight(), t));
    }
    if (options.bilateralWeight() > 0) {
      builders.add(t -> new Lattice(colours(width, rgb, options), 5, options.bilateralWeight(), t));
    }
    Lattice[] built = new Lattice[builders.size()];
    int helpers = Math.max(1, threads / Math.max(1, built.length));
    Parallel.forEach(
        threads, built.length, i -> built[(int) i] = builders.get((int) i).apply(helpers));
    kernels = List.of(built);
  }

  private float[] positions(int width, CrfOptions options) {
    float std = (float) options.gaussianStd();
    float[] features = new float[Math.multiplyExact(2, pixels)];
    for (int i = 0; i < pixels; i++) {
      features[2 * i] = i % width / std;
      features[2 * i + 1] = i / width / std;
    }
    return features;
  }

  private static float[] colours(int width, int[] rgb, CrfOptions options) {
    float xyStd = (float) options.bilateralXyStd();
    float rgbStd = (float) options.bilateralRgbStd();
    float[] features = new float[Math.multiplyExact(5, rgb.length)];
    for (int i = 0; i < rgb.length; i++) {
      features[5 * i] = i % width / xyStd;
      features[5 * i + 1] = i / width / xyStd;
      features[5 * i + 2] = ((rgb[i] >> 16) & 0xFF) / rgbStd;
      features[5 * i + 3] = ((rgb[i] >> 8) & 0xFF) / rgbStd;
      features[5 * i + 4] = (rgb[i] & 0xFF) / rgbStd;
    }
    return features;
  }

  /** Floats from one pixel to the next: the clusters, padded to whole cache lines. */
  public static int stride(int clusters) {
    return Math.ceilDiv(clusters, LineMath.CHANNELS) * LineMath.CHANNELS;
  }

  /** Vertices of all lattices: what a filter's time and memory grow with. */
  public long vertices() {
    return kernels.stream().mapToLong(Lattice::vertices).sum();
  }

  /**
   * Runs mean field.
   *
   * @param unaries logarithms of probabilities, float32 {@code [pixels, stride(clusters)]}, aligned
   *     to 64 bytes, accessible from all threads; borrowed. They are raised to the logarithm of
   *     {@link #SMALLEST} here, and the padding is overwritten
   * @param q receives Q in the same layout, with zeros in the padding; borrowed
   * @param clusters K
   * @param threads worker threads, the caller's among them
   */
  public void infer(MemorySegment unaries, MemorySegment q, int clusters, int threads) {
    infer(unaries, q, clusters, threads, () -> {});
  }

  /** The same, told of every iteration that has ended. */
  public void infer(
      MemorySegment unaries, MemorySegment q, int clusters, int threads, Runnable iterated) {
    long stride = (long) stride(clusters) * Float.BYTES;
    if (unaries.byteSize() != pixels * stride || q.byteSize() != pixels * stride) {
      throw new IllegalArgumentException(
          "%d pixels of %d clusters take %d bytes, found %d and %d"
              .formatted(pixels, clusters, pixels * stride, unaries.byteSize(), q.byteSize()));
    }
    forPieces(threads, (from, to) -> clip(unaries, from, to, clusters));
    MemorySegment.copy(unaries, 0, q, 0, q.byteSize());
    forPieces(threads, (from, to) -> softmax(q, from, to, clusters));
    if (kernels.isEmpty()) {
      IntStream.range(0, options.iterations()).forEach(i -> iterated.run());
      return;
    }
    try (Arena arena = Arena.ofShared()) {
      Pass[] passes = passes(arena, unaries, q, stride, threads);
      for (int i = 0; i < options.iterations(); i++) {
        Parallel.forEach(threads, passes.length, worker -> passes[(int) worker].run());
        forPieces(threads, (from, to) -> softmax(q, from, to, clusters));
        iterated.run();
      }
    }
  }

  /** Shares the lines of channels among threads, or threads among the lines if they are more. */
  private Pass[] passes(
      Arena arena, MemorySegment unaries, MemorySegment q, long stride, int threads) {
    int chunks = Math.toIntExact(stride / LineMath.BYTES);
    Pass[] passes = new Pass[Math.min(threads, chunks)];
    for (int i = 0; i < passes.length; i++) {
      List<MemorySegment> values =
          kernels.stream()
              .map(k -> arena.allocate((long) k.vertices() * LineMath.BYTES, ALIGNMENT))
              .toList();
      passes[i] = new Pass(unaries, q, stride, i, passes.length, values, threads / passes.length);
    }
    return passes;
  }

  /**
   * What one thread does for one iteration: all steps of the filters for every n-th line of
   * channels, so that no thread waits for another between the steps.
   */
  private final class Pass {
    private final MemorySegment unaries;
    private final MemorySegment q;
    private final long stride;
    private final int first; // its first line
    private final int every; // n
    private final List<MemorySegment> values; // room for the vertices of each kernel
    private final int threads; // that help within a step

    Pass(
        MemorySegment unaries,
        MemorySegment q,
        long stride,
        int first,
        int every,
        List<MemorySegment> values,
        int threads) {
      this.unaries = unaries;
      this.q = q;
      this.stride = stride;
      this.first = first;
      this.every = every;
      this.values = values;
      this.threads = threads;
    }

    /** Replaces Q by the logits of the next Q. */
    void run() {
      for (long line = (long) first * LineMath.BYTES;
          line < stride;
          line += (long) every * LineMath.BYTES) {
        Lines base = new Lines(unaries, line, stride);
        Lines target = new Lines(q, line, stride);
        for (int i = 0; i < kernels.size(); i++) {
          blur(kernels.get(i), target, values.get(i));
        }
        slice(base, target);
      }
    }

    private void blur(Lattice kernel, Lines pixels, MemorySegment vertices) {
      share(
          kernel.vertices(),
          threads,
          (from, to) -> {
            CallScope scope = CallScope.current();
            for (int i = from; i < to; i += SPLATTED) {
              scope.check();
              lines.splat(kernel, i, Math.min(to, i + SPLATTED), pixels, vertices);
            }
          });
      int helpers = kernel.vertices() < SHARED ? 1 : threads;
      for (int axis = 0; axis < kernel.corners; axis++) {
        Chains chains = kernel.chains(axis);
        Parallel.forEach(helpers, helpers, helper -> blur(chains, (int) helper, helpers, vertices));
      }
    }

    /** Blurs one of several equal shares of the chains of each length. */
    private void blur(Chains chains, int share, int shares, MemorySegment vertices) {
      int at = 0;
      CallScope scope = CallScope.current();
      for (int length = 2; length < chains.counts().length; length++) {
        int count = chains.counts()[length];
        int from = (int) ((long) count * share / shares);
        int to = (int) ((long) count * (share + 1) / shares);
        int few = Math.max(1, SPLATTED / length);
        for (int i = from; i < to; i += few) {
          scope.check();
          int chainCount = Math.min(few, to - i);
          lines.blur(chains.vertices(), at + i * length, length, chainCount, vertices);
        }
        at += length * count;
      }
    }

    private void slice(Lines base, Lines target) {
      share(
          pixels,
          threads,
          (from, to) -> {
            CallScope scope = CallScope.current();
            for (int i = from; i < to; i += SLICED) {
              scope.check();
              slice(i, Math.min(to, i + SLICED), base, target);
            }
          });
    }

    private void slice(int from, int to, Lines base, Lines target) {
      Lines sum = base;
      for (int i = 0; i < kernels.size(); i++) {
        lines.slice(kernels.get(i), from, to, values.get(i), sum, target);
        sum = target;
      }
    }
  }

  /** Pieces of a range. */
  @FunctionalInterface
  private interface Range {
    void run(int from, int to);
  }

  private static void share(int size, int threads, Range body) {
    int shares = size < SHARED ? 1 : threads;
    Parallel.forEach(
        shares, shares, i -> body.run((int) (i * size / shares), (int) ((i + 1) * size / shares)));
  }

  private void forPieces(int threads, Range body) {
    Parallel.forEach(
        threads,
        (pixels + PIECE - 1L) / PIECE,
        i -> body.run((int) i * PIECE, (int) Math.min(pixels, (i + 1) * PIECE)));
  }

  private static void clip(MemorySegment unaries, int from, int to, int clusters) {
    float smallest = (float) Math.log(SMALLEST);
    int stride = stride(clusters);
    for (int i = from; i < to; i++) {
      long row = (long) i * stride;
      for (int k = 0; k < stride; k++) {
        float value = unaries.getAtIndex(ValueLayout.JAVA_FLOAT, row + k);
        unaries.setAtIndex(
            ValueLayout.JAVA_FLOAT, row + k, k < clusters ? Math.max(value, smallest) : NEVER);
      }
    }
  }

  private static void softmax(MemorySegment q, int from, int to, int clusters) {
    int stride = stride(clusters);
    for (int i = from; i < to; i++) {
      VectorMath.best().softmax(q, (long) i * stride * Float.BYTES, stride);
    }
  }
}
