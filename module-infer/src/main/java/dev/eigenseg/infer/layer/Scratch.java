package dev.eigenseg.infer.layer;

import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/** How the networks lay out memory that lives for one call. */
public final class Scratch {
  /** Alignment of every buffer: a cache line. */
  public static final long ALIGNMENT = 64;

  /**
   * Tokens that are worked on at a time. A multiple of every column panel (8 to 32), so that tiles
   * can be packed one after the other; 192 tokens of 256 channels stay in a second-level cache.
   */
  public static final int TILE = 192;

  private Scratch() {}

  /** Room for a matrix. */
  public static MemorySegment floats(Arena arena, long rows, long columns) {
    return arena.allocate(
        Math.multiplyExact(Math.multiplyExact(rows, columns), Float.BYTES), ALIGNMENT);
  }

  /** A copy of a tensor. */
  public static MemorySegment copy(Tensor tensor, SegmentAllocator allocator) {
    MemorySegment copy = allocator.allocate(tensor.segment().byteSize(), ALIGNMENT);
    return copy.copyFrom(tensor.segment());
  }
}
