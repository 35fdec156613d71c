package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.infer.layer.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory for one tile of tokens; belongs to the arena that it was made in. */
final class TileScratch {
  /** {@code [rows, dim]}. */
  final MemorySegment normed;

  /** {@code [rows, dim]}. */
  final MemorySegment attended;

  /** {@code [rows, max(3 * dim, mlp, pixels of a patch)]}. */
  final MemorySegment wide;

  /** {@code [rows, mlp]} if the hidden layer is gated, else empty. */
  final MemorySegment gate;

  /**
   * The similarities of a row panel of queries to all keys, {@code [rowPanel, similarityStride]}.
   */
  final MemorySegment similarities;

  /**
   * Floats from one row of them to the next, all keys and what fills their last panel: each row
   * begins on a cache line, and no tile of the product hangs over its edge.
   */
  final int similarityStride;

  /** The similarities, packed. */
  final float[] packedSimilarities;

  TileScratch(VitConfig config, int rows, int tokens, Arena arena) {
    int dim = config.dim();
    int patch = 3 * config.patchSize() * config.patchSize();
    int widest = Math.max(Math.max(3 * dim, config.mlp()), patch);
    normed = Scratch.floats(arena, rows, dim);
    attended = Scratch.floats(arena, rows, dim);
    wide = Scratch.floats(arena, rows, widest);
    gate = config.gated() ? Scratch.floats(arena, rows, config.mlp()) : MemorySegment.NULL;
    similarityStride = Math.ceilDiv(tokens, Gemm.columnPanel()) * Gemm.columnPanel();
    similarities = Scratch.floats(arena, Gemm.rowPanel(), similarityStride);
    packedSimilarities = new float[Gemm.packedRowFloats(Gemm.rowPanel(), tokens)];
  }
}
