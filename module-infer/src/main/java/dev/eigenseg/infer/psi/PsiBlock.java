package dev.eigenseg.infer.psi;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.PsiConfig;
import dev.eigenseg.infer.layer.LayerNorm;
import dev.eigenseg.infer.layer.Linear;
import dev.eigenseg.infer.layer.Scratch;
import dev.eigenseg.infer.layer.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One block of psi: {@code x += to_out(attention(norm1(x)))}, then {@code x +=
 * fc2(gelu(fc1(norm2(x))))}. Its memory is the allocator's. Immutable.
 */
final class PsiBlock {
  private static final int TILE = Scratch.TILE;
  private static final float EPS = PsiNetwork.EPS;

  private final int dim;
  private final int heads;
  private final int headDim;
  private final float queryScale;
  private final LayerNorm norm1;
  private final List<Linear> queries = new ArrayList<>();
  private final List<MemorySegment> keys = new ArrayList<>(); // row panels, a head each
  private final List<MemorySegment> values = new ArrayList<>();
  private final Linear toOut;
  private final LayerNorm norm2;
  private final Linear fc1;
  private final Linear fc2;

  PsiBlock(PsiConfig config, Function<String, Tensor> weights, SegmentAllocator memory) {
    dim = config.hidden();
    heads = config.heads();
    headDim = config.headDim();
    queryScale = (float) (1 / Math.sqrt(headDim));
    norm1 = new LayerNorm(weights.apply("norm1.weight"), weights.apply("norm1.bias"), EPS, memory);
    for (int head = 0; head < heads; head++) {
      long first = (long) head * headDim;
      queries.add(new Linear(weights.apply("attn.to_q.weight").slice(first, headDim), memory));
      keys.add(rowPanels(weights.apply("attn.to_k.weight").slice(first, headDim), memory));
      values.add(rowPanels(weights.apply("attn.to_v.weight").slice(first, headDim), memory));
    }
    toOut =
        new Linear(weights.apply("attn.to_out.weight"), weights.apply("attn.to_out.bias"), memory);
    norm2 = new LayerNorm(weights.apply("norm2.weight"), weights.apply("norm2.bias"), EPS, memory);
    fc1 = new Linear(weights.apply("mlp.fc1.weight"), weights.apply("mlp.fc1.bias"), memory);
    fc2 = new Linear(weights.apply("mlp.fc2.weight"), weights.apply("mlp.fc2.bias"), memory);
  }

  private MemorySegment rowPanels(Tensor weight, SegmentAllocator memory) {
    MemorySegment panels = memory.allocate(Gemm.packedRowBytes(headDim, dim), Scratch.ALIGNMENT);
    Gemm.packWeightRows(weight.segment(), 0, headDim, dim, panels);
    return panels;
  }

  /** Replaces {@code tokens}, {@code [count, dim]}, by the block's result. */
  void apply(VectorMath math, MemorySegment tokens, int count, int threads) {
    try (Arena shared = Arena.ofShared()) {
      MemorySegment contexts = contexts(math, tokens, count, shared, threads);
      Workers.run(
          threads,
          Workers.tiles(count),
          TileBuffers::new,
          (tile, buffers) -> {
            int first = tile * TILE;
            int rows = Math.min(TILE, count - first);
            long offset = (long) first * dim * Float.BYTES;
            attend(math, tokens, offset, rows, contexts, buffers);
            perceive(math, tokens, offset, rows, buffers);
          });
    }
  }

  /**
   * What every token may read, for each head: {@code context[d, e] = sum_n k[n, d] v[n, e]}, with
   * keys softmaxed over all tokens. Keys and values are computed transposed, so that the softmax
   * and the sum run along rows.
   *
   * @return for each head the column panels of the transposed context
   */
  private MemorySegment contexts(
      VectorMath math, MemorySegment tokens, int count, Arena shared, int threads) {
    long panelBytes = Gemm.packedColumnBytes(headDim, headDim);
    MemorySegment contexts = shared.allocate(panelBytes * heads, Scratch.ALIGNMENT);
    try (Arena inner = Arena.ofShared()) {
      MemorySegment normed = normedPanels(math, tokens, count, inner, threads);
      Workers.run(
          threads,
          heads,
          arena -> new HeadBuffers(arena, count),
          (head, buffers) -> {
            MemorySegment panels = contexts.asSlice(head * panelBytes, panelBytes);
            context(math, head, normed, count, buffers, panels);
          });
    }
    return contexts;
  }

  private void context(
      VectorMath math,
      int head,
      MemorySegment normed,
      int count,
      HeadBuffers buffers,
      MemorySegment panels) {
    Gemm.multiply(keys.get(head), headDim, normed, count, dim, buffers.key, 0, count);
    Gemm.multiply(values.get(head), headDim, normed, count, dim, buffers.value, 0, count);
    for (int d = 0; d < headDim; d++) {
      math.softmax(buffers.key, (long) d * count * Float.BYTES, count);
    }
    Gemm.packColumns(buffers.key, 0, headDim, count, buffers.keyPanels);
    Gemm.multiplyRows(
        buffers.value, 0, headDim, buffers.keyPanels, headDim, count, buffers.context, 0, headDim);
    Gemm.packColumns(buffers.context, 0, headDim, headDim, panels);
  }

  private MemorySegment normedPanels(
      VectorMath math, MemorySegment tokens, int count, Arena shared, int threads) {
    MemorySegment panels = shared.allocate(Gemm.packedColumnBytes(count, dim), Scratch.ALIGNMENT);
    Workers.run(
        threads,
        Workers.tiles(count),
        arena -> Scratch.floats(arena, TILE, dim),
        (tile, normed) -> {
          int first = tile * TILE;
          int rows = Math.min(TILE, count - first);
          norm1.apply(math, tokens, (long) first * dim * Float.BYTES, rows, normed);
          long packed = first == 0 ? 0 : Gemm.packedColumnBytes(first, dim);
          Gemm.packColumns(normed, 0, rows, dim, panels.asSlice(packed));
        });
    return panels;
  }

  private void attend(
      VectorMath math,
      MemorySegment tokens,
      long offset,
      int rows,
      MemorySegment contexts,
      TileBuffers buffers) {
    long panelBytes = Gemm.packedColumnBytes(headDim, headDim);
    norm1.apply(math, tokens, offset, rows, buffers.normed);
    for (int head = 0; head < heads; head++) {
      queries.get(head).apply(math, buffers.normed, 0, rows, buffers.query, 0);
      for (int row = 0; row < rows; row++) {
        math.softmax(buffers.query, (long) row * headDim * Float.BYTES, headDim);
      }
      math.scale(queryScale, buffers.query, 0, (long) rows * headDim);
      Gemm.multiplyRows(
          buffers.query,
          0,
          rows,
          contexts.asSlice(head * panelBytes, panelBytes),
          headDim,
          headDim,
          buffers.attended,
          (long) head * headDim * Float.BYTES,
          (long) heads * headDim);
    }
    toOut.apply(math, buffers.attended, 0, rows, buffers.normed, 0);
    math.axpy(1, buffers.normed, 0, tokens, offset, (long) rows * dim);
  }

  private void perceive(
      VectorMath math, MemorySegment tokens, long offset, int rows, TileBuffers buffers) {
    norm2.apply(math, tokens, offset, rows, buffers.normed);
    fc1.apply(math, buffers.normed, 0, rows, buffers.perceived, 0);
    math.gelu(buffers.perceived, 0, (long) rows * fc1.out());
    fc2.apply(math, buffers.perceived, 0, rows, buffers.normed, 0);
    math.axpy(1, buffers.normed, 0, tokens, offset, (long) rows * dim);
  }

  /** Memory for one head's keys and values of all tokens. */
  private final class HeadBuffers {
    final MemorySegment key;
    final MemorySegment value;
    final MemorySegment keyPanels;
    final MemorySegment context;

    HeadBuffers(Arena scratch, int count) {
      key = Scratch.floats(scratch, headDim, count);
      value = Scratch.floats(scratch, headDim, count);
      keyPanels = scratch.allocate(Gemm.packedColumnBytes(headDim, count), Scratch.ALIGNMENT);
      context = Scratch.floats(scratch, headDim, headDim);
    }
  }

  /** Memory for one tile of tokens. */
  private final class TileBuffers {
    final MemorySegment normed;
    final MemorySegment query;
    final MemorySegment attended;
    final MemorySegment perceived;

    TileBuffers(Arena scratch) {
      int attention = heads * headDim;
      normed = Scratch.floats(scratch, TILE, dim);
      query = Scratch.floats(scratch, TILE, headDim);
      attended = Scratch.floats(scratch, TILE, attention);
      perceived = Scratch.floats(scratch, TILE, fc1.out());
    }
  }
}
