package dev.eigenseg.infer.psi;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.kernel.WarmUp;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.layer.LayerNorm;
import dev.eigenseg.infer.layer.Linear;
import dev.eigenseg.infer.layer.Scratch;
import dev.eigenseg.infer.layer.WeightMemory;
import dev.eigenseg.infer.layer.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * Owns the packed weights of psi and computes it: {@code x + attention(norm1(x))}, then {@code +
 * mlp(norm2(.))} in every block, a last layer norm (hidden) and the head (logits). Attention is
 * linear: queries are softmaxed over the channels of a head and scaled by {@code headDim^-0.5},
 * keys over the tokens of the image, and a token reads {@code q (k^T v)}.
 *
 * <p>Thread-safe; a call works in memory of its own: about two copies of the tokens. The result
 * does not depend on the number of threads.
 */
public final class PsiNetwork implements AutoCloseable {
  /** Of every layer norm. */
  static final float EPS = 1e-5f;

  private static final int TILE = Scratch.TILE;

  private final PsiConfig config;
  private final WeightMemory memory = new WeightMemory();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Optional<Linear> projection;
  private final List<PsiBlock> blocks;
  private final LayerNorm norm;
  private final Linear head;

  /**
   * The psi of a model, its weights packed anew.
   *
   * @return a network that the caller owns, or empty for k-means on features
   */
  public static Optional<PsiNetwork> of(SegmenterModel model) {
    return model.psi().map(config -> new PsiNetwork(config, model.tensors()::get));
  }

  /**
   * Packs weights.
   *
   * @param config the shapes
   * @param weights finds a float32 tensor by its name in {@link PsiConfig#weightShapes()}; the
   *     tensors are copied
   * @throws IllegalArgumentException if a weight has another shape or type
   */
  public PsiNetwork(PsiConfig config, Function<String, Tensor> weights) {
    this.config = config;
    try {
      checkShapes(config, weights);
      projection =
          config.projection() == 0
              ? Optional.empty()
              : Optional.of(linear(weights, "projection", memory));
      WarmUp.start();
      PsiBlock[] packed = new PsiBlock[config.blocks()];
      Parallel.forEach(
          Math.min(Runtime.getRuntime().availableProcessors(), 8),
          packed.length,
          i -> packed[(int) i] = block(config, "blocks." + i + ".", weights, memory));
      blocks = List.of(packed);
      norm = new LayerNorm(weights.apply("norm.weight"), weights.apply("norm.bias"), EPS, memory);
      head = linear(weights, "head", memory);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  private static Linear linear(
      Function<String, Tensor> weights, String name, SegmentAllocator memory) {
    return new Linear(weights.apply(name + ".weight"), weights.apply(name + ".bias"), memory);
  }

  private static PsiBlock block(
      PsiConfig config, String prefix, Function<String, Tensor> weights, SegmentAllocator memory) {
    return new PsiBlock(config, name -> weights.apply(prefix + name), memory);
  }

  private static void checkShapes(PsiConfig config, Function<String, Tensor> weights) {
    config
        .weightShapes()
        .forEach((name, shape) -> {
          Tensor weight = weights.apply(name);
          if (weight.dtype() != DType.F32 || !Arrays.equals(weight.shape(), shape)) {
            throw new IllegalArgumentException(
                "psi's '%s' is %s, expected F32%s".formatted(name, weight, Arrays.toString(shape)));
          }
        });
  }

  /** The shapes. */
  public PsiConfig config() {
    return config;
  }

  /**
   * The hidden representation.
   *
   * @param input float32 {@code [patches, inputDim]}, the scaled rows of one image; borrowed
   * @param out receives float32 {@code [patches, hidden]}; borrowed
   * @param threads worker threads, the caller's among them
   */
  public void hidden(Tensor input, Tensor out, int threads) {
    check(input, out, config.hidden());
    WarmUp.await();
    VectorMath math = VectorMath.best();
    int count = Math.toIntExact(input.size(0));
    try (Arena shared = Arena.ofShared()) {
      MemorySegment tokens = blocks(math, input, shared, threads);
      Parallel.forEach(
          threads,
          Workers.tiles(count),
          tile -> {
            int rows = Math.min(TILE, count - (int) tile * TILE);
            long offset = tile * TILE * config.hidden() * Float.BYTES;
            norm.apply(math, tokens, offset, rows, out.segment().asSlice(offset));
          });
    }
  }

  /**
   * The outputs of the head, before any softmax.
   *
   * @param input float32 {@code [patches, inputDim]}, the scaled rows of one image; borrowed
   * @param out receives float32 {@code [patches, clusters]}; borrowed
   * @param threads worker threads, the caller's among them
   */
  public void logits(Tensor input, Tensor out, int threads) {
    check(input, out, config.clusters());
    WarmUp.await();
    VectorMath math = VectorMath.best();
    int count = Math.toIntExact(input.size(0));
    try (Arena shared = Arena.ofShared()) {
      MemorySegment tokens = blocks(math, input, shared, threads);
      Workers.run(
          threads,
          Workers.tiles(count),
          arena -> Scratch.floats(arena, TILE, config.hidden()),
          (tile, normed) -> {
            int first = tile * TILE;
            int rows = Math.min(TILE, count - first);
            long source = (long) first * config.hidden() * Float.BYTES;
            norm.apply(math, tokens, source, rows, normed);
            long target = (long) first * config.clusters() * Float.BYTES;
            head.apply(math, normed, 0, rows, out.segment(), target);
          });
    }
  }

  private void check(Tensor input, Tensor out, int outDim) {
    if (closed.get()) {
      throw new IllegalStateException("psi is closed");
    }
    if (!isRows(input, config.inputDim())) {
      throw new IllegalArgumentException(
          "psi reads float32 rows of %d channels, found %s".formatted(config.inputDim(), input));
    }
    if (!isRows(out, outDim) || out.size(0) != input.size(0)) {
      throw new IllegalArgumentException(
          "expected float32 [%d, %d] for the result, found %s"
              .formatted(input.size(0), outDim, out));
    }
  }

  private static boolean isRows(Tensor tensor, int dim) {
    return tensor.dtype() == DType.F32 && tensor.rank() == 2 && tensor.size(1) == dim;
  }

  /** The tokens after the last block, before the last norm. */
  private MemorySegment blocks(VectorMath math, Tensor input, Arena shared, int threads) {
    int count = Math.toIntExact(input.size(0));
    MemorySegment tokens = Scratch.floats(shared, count, config.hidden());
    if (projection.isPresent()) {
      project(math, projection.get(), input.segment(), count, tokens, threads);
    } else {
      tokens.copyFrom(input.segment());
    }
    for (PsiBlock block : blocks) {
      block.apply(math, tokens, count, threads);
    }
    return tokens;
  }

  private void project(
      VectorMath math,
      Linear layer,
      MemorySegment input,
      int count,
      MemorySegment tokens,
      int threads) {
    Parallel.forEach(
        threads,
        Workers.tiles(count),
        tile -> {
          int first = (int) tile * TILE;
          int rows = Math.min(TILE, count - first);
          long source = (long) first * layer.in() * Float.BYTES;
          long target = (long) first * layer.out() * Float.BYTES;
          layer.apply(math, input, source, rows, tokens, target);
        });
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      memory.close();
    }
  }
}
