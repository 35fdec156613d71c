package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The plain loops that every fast kernel is measured against. */
@SuppressWarnings("FloatingPointLiteralPrecision") // the constants as published
final class ScalarMath implements VectorMath {
  static final ScalarMath INSTANCE = new ScalarMath();

  // Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 7.1.26: |error of erf| <=
  // 1.5e-7.
  static final float ERF_P = 0.3275911f;
  static final float ERF_A1 = 0.254829592f;
  static final float ERF_A2 = -0.284496736f;
  static final float ERF_A3 = 1.421413741f;
  static final float ERF_A4 = -1.453152027f;
  static final float ERF_A5 = 1.061405429f;
  static final float SQRT_HALF = 0.70710678f;

  // 2 sqrt(2 / pi), and 0.044715 of it.
  static final float GELU_LINEAR = 1.5957691f;
  static final float GELU_CUBIC = 0.07135481f;

  private ScalarMath() {}

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public float dot(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long n) {
    float sum = 0;
    for (long i = 0; i < n; i++) {
      sum = Math.fma(load(a, aOffset, i), load(b, bOffset, i), sum);
    }
    return sum;
  }

  @Override
  public void axpy(
      float alpha, MemorySegment x, long xOffset, MemorySegment y, long yOffset, long n) {
    for (long i = 0; i < n; i++) {
      store(y, yOffset, i, Math.fma(alpha, load(x, xOffset, i), load(y, yOffset, i)));
    }
  }

  @Override
  public void mix(
      MemorySegment x,
      long xOffset,
      MemorySegment y,
      long yOffset,
      float weight,
      MemorySegment target,
      long targetOffset,
      long n) {
    for (long i = 0; i < n; i++) {
      float from = load(x, xOffset, i);
      store(target, targetOffset, i, from + weight * (load(y, yOffset, i) - from));
    }
  }

  @Override
  public int argmax(MemorySegment x, long xOffset, int n) {
    int best = 0;
    float most = load(x, xOffset, 0);
    for (int i = 1; i < n; i++) {
      float value = load(x, xOffset, i);
      if (value > most) {
        most = value;
        best = i;
      }
    }
    return best;
  }

  @Override
  public void scale(float alpha, MemorySegment x, long xOffset, long n) {
    for (long i = 0; i < n; i++) {
      store(x, xOffset, i, alpha * load(x, xOffset, i));
    }
  }

  @Override
  public void softmax(MemorySegment x, long xOffset, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (long i = 0; i < n; i++) {
      max = Math.max(max, load(x, xOffset, i));
    }
    double sum = 0;
    for (long i = 0; i < n; i++) {
      float e = (float) Math.exp(load(x, xOffset, i) - max);
      store(x, xOffset, i, e);
      sum += e;
    }
    scale((float) (1 / sum), x, xOffset, n);
  }

  @Override
  public void layerNorm(
      MemorySegment x,
      long xOffset,
      MemorySegment gamma,
      MemorySegment beta,
      MemorySegment y,
      long yOffset,
      int n,
      float eps) {
    double sum = 0;
    for (long i = 0; i < n; i++) {
      sum += load(x, xOffset, i);
    }
    float mean = (float) (sum / n);
    double squares = 0;
    for (long i = 0; i < n; i++) {
      float centred = load(x, xOffset, i) - mean;
      squares += (double) centred * centred;
    }
    float inverse = (float) (1 / Math.sqrt(squares / n + eps));
    for (long i = 0; i < n; i++) {
      float normal = (load(x, xOffset, i) - mean) * inverse;
      store(y, yOffset, i, Math.fma(normal, load(gamma, 0, i), load(beta, 0, i)));
    }
  }

  @Override
  public void gelu(MemorySegment x, long xOffset, long n) {
    for (long i = 0; i < n; i++) {
      store(x, xOffset, i, gelu(load(x, xOffset, i)));
    }
  }

  // From the complement of erf at |x|, so that nothing cancels for negative x.
  static float gelu(float x) {
    float z = Math.abs(x) * SQRT_HALF;
    float t = 1 / (1 + ERF_P * z);
    float polynomial = t * (ERF_A1 + t * (ERF_A2 + t * (ERF_A3 + t * (ERF_A4 + t * ERF_A5))));
    float tail = 0.5f * polynomial * (float) Math.exp(-z * z);
    return x * (x < 0 ? tail : 1 - tail);
  }

  @Override
  public void geluTanh(MemorySegment x, long xOffset, long n) {
    for (long i = 0; i < n; i++) {
      float value = load(x, xOffset, i);
      float size = Math.abs(value);
      float slope = Math.fma(GELU_CUBIC, size * size, GELU_LINEAR);
      store(x, xOffset, i, timesLogistic(value, size * slope));
    }
  }

  @Override
  public void swish(MemorySegment x, long xOffset, long n, float beta) {
    for (long i = 0; i < n; i++) {
      float value = load(x, xOffset, i);
      store(x, xOffset, i, timesLogistic(value, Math.abs(beta * value)));
    }
  }

  // x times the logistic function of an argument of the same sign, of which the size is given.
  private static float timesLogistic(float x, float size) {
    float e = (float) Math.exp(-size);
    return x * ((x < 0 ? e : 1) / (1 + e));
  }

  @Override
  public void multiply(MemorySegment x, long xOffset, MemorySegment y, long yOffset, long n) {
    for (long i = 0; i < n; i++) {
      store(y, yOffset, i, load(x, xOffset, i) * load(y, yOffset, i));
    }
  }

  @Override
  public void f16ToF32(
      MemorySegment src, long srcOffset, MemorySegment dst, long dstOffset, long n) {
    for (long i = 0; i < n; i++) {
      short half = src.get(JAVA_SHORT_UNALIGNED, srcOffset + i * Short.BYTES);
      store(dst, dstOffset, i, Float.float16ToFloat(half));
    }
  }

  @Override
  public void f32ToF16(
      MemorySegment src, long srcOffset, MemorySegment dst, long dstOffset, long n) {
    for (long i = 0; i < n; i++) {
      short half = Float.floatToFloat16(load(src, srcOffset, i));
      dst.set(JAVA_SHORT_UNALIGNED, dstOffset + i * Short.BYTES, half);
    }
  }

  private static float load(MemorySegment memory, long offset, long index) {
    return memory.get(JAVA_FLOAT_UNALIGNED, offset + index * Float.BYTES);
  }

  private static void store(MemorySegment memory, long offset, long index, float value) {
    memory.set(JAVA_FLOAT_UNALIGNED, offset + index * Float.BYTES, value);
  }
}
