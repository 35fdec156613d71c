package dev.eigenseg.infer.crf;

import dev.eigenseg.api.internal.kernel.VectorMath;
import java.lang.foreign.MemorySegment;

/**
 * The steps of a lattice filter on lines of 16 channels, one cache line each. Implementations are
 * stateless, thread-safe and give the same bits: every value is one chain of fused multiply-adds in
 * a fixed order.
 */
interface LineMath {
  /** Channels of a line. */
  int CHANNELS = 16;

  /** Bytes of a line. */
  int BYTES = CHANNELS * Float.BYTES;

  /** The implementation that suits this machine, as for all other kernels. */
  static LineMath best() {
    return VectorMath.best().equals(VectorMath.simd()) ? SimdLines.INSTANCE : ScalarLines.INSTANCE;
  }

  /**
   * Sums the weighted pixels of each vertex.
   *
   * @param lattice says which pixels a vertex has
   * @param from the first vertex
   * @param to the vertex after the last
   * @param pixels the channels of each pixel, borrowed
   * @param values receives one line a vertex
   */
  void splat(Lattice lattice, int from, int to, Lines pixels, MemorySegment values);

  /**
   * Blurs along chains of neighbouring vertices, in place: each value gets half of both neighbours'
   * former values added.
   *
   * @param chains the vertices of chain after chain
   * @param first where the first chain begins
   * @param length vertices of each chain, at least 2
   * @param count chains
   */
  void blur(int[] chains, int first, int length, int count, MemorySegment values);

  /**
   * Interpolates each pixel from its vertices.
   *
   * @param lattice says which vertices a pixel has
   * @param from the first pixel
   * @param to the pixel after the last
   * @param values one line a vertex
   * @param base what is added to
   * @param target receives the sums; may be the base
   */
  void slice(Lattice lattice, int from, int to, MemorySegment values, Lines base, Lines target);

  /**
   * One line of each pixel.
   *
   * @param memory holds {@code [pixels, stride]} bytes
   * @param offset of the first pixel's line
   * @param stride bytes from one pixel to the next
   */
  record Lines(MemorySegment memory, long offset, long stride) {}
}
