package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.infer.layer.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The queries, keys and values of all tokens in one block, packed for the products; belongs to the
 * arena that it was made in. Tiles write disjoint parts.
 */
final class AttentionBuffers {
  private final int heads;
  private final int headDim;
  private final int tokens;
  private final long headBytes;
  private final MemorySegment queries; // [head][token][headDim]
  private final MemorySegment keys; // [head], column panels of [token, headDim]
  private final MemorySegment values; // [head], column panels of [headDim, token]
  private final long keyBytes;
  private final long valueBytes;

  AttentionBuffers(VitConfig config, int tokens, Arena arena) {
    heads = config.heads();
    headDim = config.headDim();
    this.tokens = tokens;
    headBytes = (long) headDim * Float.BYTES;
    queries = Scratch.floats(arena, (long) heads * tokens, headDim);
    // The system clears large pieces of memory while nobody can stop it.
    CallScope scope = CallScope.current();
    scope.check();
    keyBytes = Gemm.packedColumnBytes(tokens, headDim);
    keys = arena.allocate(keyBytes * heads, Scratch.ALIGNMENT);
    scope.check();
    valueBytes = Gemm.packedColumnBytes(headDim, tokens);
    values = arena.allocate(valueBytes * heads, Scratch.ALIGNMENT);
  }

  /** Takes over {@code [rows, 3 * dim]}. */
  void store(MemorySegment qkv, int first, int rows) {
    long part = heads * headBytes;
    for (int head = 0; head < heads; head++) {
      for (int row = 0; row < rows; row++) {
        long from = row * 3 * part + head * headBytes;
        int token = first + row;
        MemorySegment.copy(
            qkv, from, queries, ((long) head * tokens + token) * headBytes, headBytes);
        storeKey(qkv, from + part, head, token);
        storeValue(qkv, from + 2 * part, head, token);
      }
    }
  }

  private void storeKey(MemorySegment qkv, long from, int head, int token) {
    int panel = Gemm.columnPanel();
    long to =
        head * keyBytes
            + (long) (token / panel) * panel * headBytes
            + (long) (token % panel) * Float.BYTES;
    for (int i = 0; i < headDim; i++) {
      keys.set(
          ValueLayout.JAVA_FLOAT,
          to + (long) i * panel * Float.BYTES,
          qkv.get(ValueLayout.JAVA_FLOAT, from + (long) i * Float.BYTES));
    }
  }

  private void storeValue(MemorySegment qkv, long from, int head, int token) {
    int panel = Gemm.columnPanel();
    for (int channel = 0; channel < headDim; channel += panel) {
      long to = head * valueBytes + ((long) channel * tokens + (long) token * panel) * Float.BYTES;
      long bytes = (long) Math.min(panel, headDim - channel) * Float.BYTES;
      MemorySegment.copy(qkv, from + (long) channel * Float.BYTES, values, to, bytes);
    }
  }

  /**
   * Every row of the tile reads the values of all tokens: into {@code attended}, heads side by
   * side.
   */
  void attend(VectorMath math, int first, int rows, TileScratch scratch) {
    CallScope scope = CallScope.current();
    for (int head = 0; head < heads; head++) {
      for (int row = 0; row < rows; row += Gemm.rowPanel()) {
        scope.check();
        int count = Math.min(Gemm.rowPanel(), rows - row);
        compare(head, first + row, count, scratch);
        soften(math, count, scratch);
        gather(head, row, count, scratch);
      }
    }
  }

  /** The similarities of a panel of queries, from token {@code first} on, to all keys. */
  void compare(int head, int first, int count, TileScratch scratch) {
    MemorySegment headKeys = keys.asSlice(head * keyBytes, keyBytes);
    long query = ((long) head * tokens + first) * headBytes;
    // Keys that fill the last panel are zeros: whole tiles need no detour over their edges.
    int stride = scratch.similarityStride;
    Gemm.multiplyRows(
        queries, query, count, headKeys, stride, headDim, scratch.similarities, 0, stride);
  }

  /** Similarities to weights that sum to one. */
  void soften(VectorMath math, int count, TileScratch scratch) {
    for (int i = 0; i < count; i++) {
      math.softmax(scratch.similarities, (long) i * scratch.similarityStride * Float.BYTES, tokens);
    }
  }

  /** The weighted sums of all values, for rows of the tile from {@code row} on. */
  void gather(int head, int row, int count, TileScratch scratch) {
    MemorySegment headValues = values.asSlice(head * valueBytes, valueBytes);
    Gemm.packRows(
        scratch.similarities,
        0,
        scratch.similarityStride,
        count,
        tokens,
        scratch.packedSimilarities);
    Gemm.multiply(
        scratch.packedSimilarities,
        count,
        headValues,
        headDim,
        tokens,
        scratch.attended,
        ((long) row * heads + head) * headBytes,
        (long) heads * headDim);
  }
}
