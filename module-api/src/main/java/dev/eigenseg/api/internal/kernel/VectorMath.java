package dev.eigenseg.api.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Elementary operations on vectors of float32 outside the heap. Offsets are in bytes, counts in
 * elements; zero elements are allowed everywhere. Implementations are stateless and thread-safe.
 *
 * <p>Results of one implementation on one machine are reproducible; two implementations may differ
 * in the last bits, since sums are taken in another order.
 */
public interface VectorMath {
  /**
   * The implementation to use: the one that {@code -Deigenseg.kernels=scalar} or {@code simd}
   * names, else SIMD, unless a short self-check finds the scalar twin faster. Decided once; one
   * that is named never falls back.
   */
  static VectorMath best() {
    return Selection.DECISION.math();
  }

  /** What {@link #best()} chose and why, for people: the species, its width, and the two times. */
  static String selection() {
    return Selection.DECISION.text();
  }

  /** The implementation on the Vector API, in the widest vectors that the processor prefers. */
  static VectorMath simd() {
    return SimdMath.INSTANCE;
  }

  /** The scalar twin. */
  static VectorMath scalar() {
    return ScalarMath.INSTANCE;
  }

  /** {@code "simd"} or {@code "scalar"}. */
  String name();

  /** The sum of {@code a[i] * b[i]}. */
  float dot(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long n);

  /** {@code y[i] += alpha * x[i]}, fused; x and y do not overlap unless they are the same. */
  void axpy(float alpha, MemorySegment x, long xOffset, MemorySegment y, long yOffset, long n);

  /**
   * {@code target[i] = x[i] + weight * (y[i] - x[i])}, each step rounded; x and y do not overlap
   * the target.
   */
  void mix(
      MemorySegment x,
      long xOffset,
      MemorySegment y,
      long yOffset,
      float weight,
      MemorySegment target,
      long targetOffset,
      long n);

  /** The first index of the largest of n numbers, n from 1; undefined if one is a NaN. */
  int argmax(MemorySegment x, long xOffset, int n);

  /** {@code x[i] *= alpha}. */
  void scale(float alpha, MemorySegment x, long xOffset, long n);

  /**
   * Softmax in place: {@code exp(x[i] - max) / sum}, relative error of the exponential about 1e-6.
   * Values too far below the maximum become 0. A NaN, a +infinity, or nothing but -infinity gives
   * NaNs.
   */
  void softmax(MemorySegment x, long xOffset, int n);

  /** {@link #softmax} of every row of a matrix, over a divisor: logits to probabilities. */
  default void softmaxRows(float divisor, MemorySegment x, long xOffset, long rows, int columns) {
    scale(1 / divisor, x, xOffset, rows * columns);
    for (long row = 0; row < rows; row++) {
      softmax(x, xOffset + row * columns * Float.BYTES, columns);
    }
  }

  /**
   * Layer normalisation: {@code y = (x - mean) / sqrt(variance + eps) * gamma + beta} with the
   * biased variance.
   *
   * @param gamma n factors from offset 0
   * @param beta n summands from offset 0
   * @param y may be x at the same offset
   */
  void layerNorm(
      MemorySegment x,
      long xOffset,
      MemorySegment gamma,
      MemorySegment beta,
      MemorySegment y,
      long yOffset,
      int n,
      float eps);

  /**
   * The exact GELU in place, {@code x * Phi(x)} with the normal distribution function; absolute
   * error below 1e-6.
   */
  void gelu(MemorySegment x, long xOffset, long n);

  /**
   * The GELU's approximation by a hyperbolic tangent in place, {@code x / (1 + exp(-2 u))} with
   * {@code u = sqrt(2 / pi) (x + 0.044715 x^3)}; relative error about 1e-6 where the result is not
   * below 1e-6.
   */
  void geluTanh(MemorySegment x, long xOffset, long n);

  /**
   * Swish in place, {@code x / (1 + exp(-beta x))}; relative error about 1e-6. SiLU with {@code
   * beta = 1}, the GELU's approximation in OpenAI's CLIP with {@code beta = 1.702}.
   *
   * @param beta positive
   */
  void swish(MemorySegment x, long xOffset, long n, float beta);

  /** {@code y = x * y}, element by element; the same bits everywhere. */
  void multiply(MemorySegment x, long xOffset, MemorySegment y, long yOffset, long n);

  /** Widens IEEE binary16 numbers; exact, NaNs stay NaNs. */
  void f16ToF32(MemorySegment src, long srcOffset, MemorySegment dst, long dstOffset, long n);

  /** Rounds to IEEE binary16, to nearest even; overflow gives infinities, NaNs stay NaNs. */
  void f32ToF16(MemorySegment src, long srcOffset, MemorySegment dst, long dstOffset, long n);
}
