package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.TestSeed;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Both implementations against plain double arithmetic; runs again with 128-bit vectors. */
final class VectorMathTest {
  /** Around every vector length from 1 to 64 lanes, and the unrolled loops. */
  private static final int[] SIZES = {
    0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 67, 100, 127, 129, 384, 416, 1153
  };

  private static final float GUARD = 12345.678f;

  private final Random random = TestSeed.random();
  private final Arena arena = Arena.ofShared();

  static Stream<VectorMath> implementations() {
    return Stream.of(VectorMath.scalar(), VectorMath.simd());
  }

  @AfterEach
  void close() {
    arena.close();
  }

  private float[] gaussians(int n, float scale) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian() * scale;
    }
    return values;
  }

  /** A copy at an odd offset, with guards around it. */
  private final class Guarded {
    final long offset = 4L * (1 + random.nextInt(20));
    final int n;
    final MemorySegment memory;

    Guarded(float... values) {
      n = values.length;
      memory = arena.allocate(offset + 4L * n + 4, 64);
      memory.set(JAVA_FLOAT_UNALIGNED, offset - 4, GUARD);
      memory.set(JAVA_FLOAT_UNALIGNED, offset + 4L * n, GUARD);
      MemorySegment.copy(values, 0, memory, JAVA_FLOAT_UNALIGNED, offset, n);
    }

    float[] values() {
      assertEquals(GUARD, memory.get(JAVA_FLOAT_UNALIGNED, offset - 4), "written before the start");
      assertEquals(
          GUARD, memory.get(JAVA_FLOAT_UNALIGNED, offset + 4L * n), "written past the end");
      float[] values = new float[n];
      MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, offset, values, 0, n);
      return values;
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void dotIsTheSumOfProducts(VectorMath math) {
    for (int n : SIZES) {
      float[] a = gaussians(n, 1);
      float[] b = gaussians(n, 1);
      double expected = 0;
      double magnitude = 0;
      for (int i = 0; i < n; i++) {
        expected += (double) a[i] * b[i];
        magnitude += Math.abs((double) a[i] * b[i]);
      }
      Guarded x = new Guarded(a);
      Guarded y = new Guarded(b);
      float actual = math.dot(x.memory, x.offset, y.memory, y.offset, n);
      assertEquals(expected, actual, 1e-6 * magnitude + 1e-12, "n = " + n);
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void axpyAndScaleGiveTheSameBitsEverywhere(VectorMath math) {
    for (int n : SIZES) {
      float[] a = gaussians(n, 1);
      float[] b = gaussians(n, 1);
      float alpha = (float) random.nextGaussian();
      Guarded x = new Guarded(a);
      Guarded y = new Guarded(b);
      math.axpy(alpha, x.memory, x.offset, y.memory, y.offset, n);
      math.scale(alpha, x.memory, x.offset, n);
      float[] scaled = x.values();
      float[] summed = y.values();
      for (int i = 0; i < n; i++) {
        assertEquals(alpha * a[i], scaled[i]);
        assertEquals(Math.fma(alpha, a[i], b[i]), summed[i]);
      }
    }
  }

  /** Interpreted and compiled code must agree: results may not depend on how warm a JVM is. */
  @Test
  void lanesAreAddedInHalves() {
    int n = SimdMath.FLOATS.length();
    float[] ones = new float[n];
    Arrays.fill(ones, 1);
    Guarded one = new Guarded(ones);
    for (int trial = 0; trial < 20_000; trial++) {
      float[] expected = gaussians(n, 1);
      Guarded x = trial % 1000 == 0 ? new Guarded(expected) : null;
      if (x != null) {
        for (int half = n / 2; half > 0; half /= 2) {
          for (int i = 0; i < half; i++) {
            expected[i] += expected[i + half];
          }
        }
        float found = VectorMath.simd().dot(x.memory, x.offset, one.memory, one.offset, n);
        assertEquals(expected[0], found, 0f);
      }
      VectorMath.simd().dot(one.memory, one.offset, one.memory, one.offset, n);
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void mixRoundsEachStep(VectorMath math) {
    for (int n : SIZES) {
      float[] a = gaussians(n, 1);
      float[] b = gaussians(n, 1);
      float weight = random.nextFloat();
      Guarded x = new Guarded(a);
      Guarded y = new Guarded(b);
      Guarded target = new Guarded(new float[n]);
      math.mix(x.memory, x.offset, y.memory, y.offset, weight, target.memory, target.offset, n);
      float[] mixed = target.values();
      for (int i = 0; i < n; i++) {
        assertEquals(a[i] + weight * (b[i] - a[i]), mixed[i], 0f, "n = " + n);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void argmaxIsTheFirstOfTheLargest(VectorMath math) {
    for (int n : SIZES) {
      for (int trial = 0; n > 0 && trial < 20; trial++) {
        float[] values = gaussians(n, 1);
        for (int i = 0; i < n && trial % 2 == 0; i++) {
          values[i] = Math.round(values[i]); // many equal ones
        }
        int expected = 0;
        for (int i = 1; i < n; i++) {
          expected = values[i] > values[expected] ? i : expected;
        }
        Guarded x = new Guarded(values);
        assertEquals(expected, math.argmax(x.memory, x.offset, n), Arrays.toString(values));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void softmaxSumsToOneAndKeepsRatios(VectorMath math) {
    for (int n : SIZES) {
      for (float scale : new float[] {0, 1, 30}) {
        float[] values = gaussians(n, scale);
        double max = Double.NEGATIVE_INFINITY;
        for (float v : values) {
          max = Math.max(max, v);
        }
        double sum = 0;
        for (float v : values) {
          sum += Math.exp(v - max);
        }
        Guarded x = new Guarded(values);
        math.softmax(x.memory, x.offset, n);
        float[] actual = x.values();
        for (int i = 0; i < n; i++) {
          double expected = Math.exp(values[i] - max) / sum;
          // v - max itself is rounded to a float, hence the second term.
          double tolerance = expected * (1.5e-6 + 6e-8 * Math.abs(values[i] - max)) + 2e-38;
          assertEquals(expected, actual[i], tolerance, "n = " + n + ", value " + values[i]);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void softmaxOfExtremes(VectorMath math) {
    for (int n : new int[] {2, 20, 67}) {
      float[] values = new float[n];
      Arrays.fill(values, Float.NEGATIVE_INFINITY);
      values[n - 1] = 3e38f;
      values[0] = -3e38f;
      Guarded x = new Guarded(values);
      math.softmax(x.memory, x.offset, n);
      float[] actual = x.values();
      for (int i = 0; i < n; i++) {
        assertEquals(i == n - 1 ? 1f : 0f, actual[i], "n = " + n + ", i = " + i);
      }
      for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        values[n / 2] = bad;
        x = new Guarded(values);
        math.softmax(x.memory, x.offset, n);
        assertTrue(Float.isNaN(x.values()[n / 2]), "n = " + n + ", " + bad);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void layerNormIsTheFormula(VectorMath math) {
    for (int n : SIZES) {
      float[] values = gaussians(n, 3);
      float[] gamma = gaussians(n, 1);
      float[] beta = gaussians(n, 1);
      double sum = 0;
      float largest = 0;
      for (int i = 0; i < n; i++) {
        values[i] += 2;
        sum += values[i];
        largest = Math.max(largest, Math.abs(values[i]));
      }
      double squares = 0;
      for (float v : values) {
        squares += (v - sum / n) * (v - sum / n);
      }
      double deviation = Math.sqrt(squares / n + 1e-5);
      Guarded x = new Guarded(values);
      Guarded y = new Guarded(new float[n]);
      MemorySegment gammas = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, gamma);
      MemorySegment betas = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, beta);
      math.layerNorm(x.memory, x.offset, gammas, betas, y.memory, y.offset, n, 1e-5f);
      math.layerNorm(x.memory, x.offset, gammas, betas, x.memory, x.offset, n, 1e-5f);
      float[] actual = y.values();
      for (int i = 0; i < n; i++) {
        double expected = (values[i] - sum / n) / deviation * gamma[i] + beta[i];
        // A mean is rounded to float32; two values that happen to be close magnify that.
        double rounding = Math.ulp(largest) / deviation * Math.abs(gamma[i]);
        assertEquals(expected, actual[i], 1e-5 + rounding, "n = " + n);
        assertEquals(actual[i], x.values()[i], "in place");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void geluIsExactToTheMillionth(VectorMath math) {
    for (int n : SIZES) {
      checkGelu(math, gaussians(n, 3));
    }
    float[] grid = new float[40_001];
    for (int i = 0; i < grid.length; i++) {
      grid[i] = (i - 20_000) * 1e-3f;
    }
    checkGelu(math, grid);
    Guarded extremes =
        new Guarded(0f, -0f, 1e30f, -1e30f, Float.MIN_VALUE, Float.NaN, 88f, -88f, -14f);
    math.gelu(extremes.memory, extremes.offset, extremes.n);
    float[] actual = extremes.values();
    assertEquals(0f, actual[0]);
    assertEquals(1e30f, actual[2]);
    assertEquals(0f, actual[3], 0f);
    assertTrue(Float.isNaN(actual[5]));
    assertEquals(88f, actual[6]);
    assertEquals(0f, actual[7], 1e-30f);
  }

  private void checkGelu(VectorMath math, float[] values) {
    Guarded x = new Guarded(values);
    math.gelu(x.memory, x.offset, x.n);
    float[] actual = x.values();
    for (int i = 0; i < values.length; i++) {
      double expected = values[i] * (1 - erfc(values[i] / Math.sqrt(2)) / 2);
      double tolerance = 1e-6 + 1.2e-7 * Math.abs(expected);
      assertEquals(expected, actual[i], tolerance, "gelu of " + values[i]);
    }
  }

  /**
   * Taylor series near 0, Laplace's continued fraction beyond 2.5; independent of the kernels'
   * approximation.
   */
  private static double erfc(double x) {
    if (x < 0) {
      return 2 - erfc(-x);
    }
    if (x > 2.5) {
      double fraction = x;
      for (int k = 120; k > 0; k--) {
        fraction = x + k / 2.0 / fraction;
      }
      return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
    }
    double term = x;
    double sum = x;
    for (int k = 1; k < 80; k++) {
      term *= -x * x / k;
      sum += term / (2 * k + 1);
    }
    return 1 - 2 / Math.sqrt(Math.PI) * sum;
  }

  @Test
  void oracleOfErfcIsRight() {
    // Abramowitz and Stegun, table 7.1.
    assertEquals(1 - 0.5204998778, erfc(0.5), 1e-10);
    assertEquals(1 - 0.8427007929, erfc(1), 1e-10);
    assertEquals(1 - 0.9953222650, erfc(2), 1e-10);
    assertEquals(2.209049699858544e-5, erfc(3), 1e-15);
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void swishIsExactToTheMillionth(VectorMath math) {
    for (float beta : new float[] {1, 1.702f}) {
      for (int n : SIZES) {
        float[] values = gaussians(n, 6);
        Guarded x = new Guarded(values);
        math.swish(x.memory, x.offset, x.n, beta);
        float[] actual = x.values();
        for (int i = 0; i < n; i++) {
          double expected = values[i] / (1 + Math.exp(-(double) beta * values[i]));
          assertEquals(expected, actual[i], 2e-6 * Math.abs(expected), "swish of " + values[i]);
        }
      }
      Guarded extremes = new Guarded(0f, 1e30f, -1e30f, Float.NaN, 88f);
      math.swish(extremes.memory, extremes.offset, extremes.n, beta);
      assertExtremes(extremes.values());
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void geluByATangentIsExactToTheMillionth(VectorMath math) {
    for (int n : SIZES) {
      float[] values = gaussians(n, 3);
      Guarded x = new Guarded(values);
      math.geluTanh(x.memory, x.offset, x.n);
      float[] actual = x.values();
      for (int i = 0; i < n; i++) {
        double v = values[i];
        double expected =
            v / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
        double tolerance = 1e-6 + 2e-6 * Math.abs(expected);
        assertEquals(expected, actual[i], tolerance, "gelu of " + v);
      }
    }
    Guarded extremes = new Guarded(0f, 1e30f, -1e30f, Float.NaN, 88f);
    math.geluTanh(extremes.memory, extremes.offset, extremes.n);
    assertExtremes(extremes.values());
  }

  private static void assertExtremes(float[] actual) {
    assertEquals(0f, actual[0]);
    assertEquals(1e30f, actual[1]);
    assertEquals(0f, actual[2], 0f);
    assertTrue(Float.isNaN(actual[3]));
    assertEquals(88f, actual[4]);
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void multiplyIsExact(VectorMath math) {
    for (int n : SIZES) {
      float[] a = gaussians(n, 3);
      float[] b = gaussians(n, 3);
      Guarded x = new Guarded(a);
      Guarded y = new Guarded(b);
      math.multiply(x.memory, x.offset, y.memory, y.offset, n);
      float[] actual = y.values();
      for (int i = 0; i < n; i++) {
        assertEquals(a[i] * b[i], actual[i]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void resultsDoNotDependOnThePosition(VectorMath math) {
    float[] values = gaussians(67, 2);
    Guarded all = new Guarded(values);
    math.gelu(all.memory, all.offset, all.n);
    for (int i = 0; i < values.length; i++) {
      Guarded one = new Guarded(values[i]);
      math.gelu(one.memory, one.offset, 1);
      assertEquals(one.values()[0], all.values()[i]);
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void everyHalfIsWidenedExactlyAndComesBack(VectorMath math) {
    int n = 1 << 16;
    MemorySegment halves = arena.allocate(2L * n + 2);
    MemorySegment floats = arena.allocate(4L * n + 4);
    MemorySegment back = arena.allocate(2L * n + 2);
    for (int i = 0; i < n; i++) {
      halves.set(JAVA_SHORT_UNALIGNED, 2 + 2L * i, (short) i);
    }
    math.f16ToF32(halves, 2, floats, 4, n);
    math.f32ToF16(floats, 4, back, 2, n);
    for (int i = 0; i < n; i++) {
      float expected = half(i);
      float actual = floats.get(JAVA_FLOAT_UNALIGNED, 4 + 4L * i);
      assertEquals(expected, actual, () -> "wrong half");
      short returned = back.get(JAVA_SHORT_UNALIGNED, 2 + 2L * i);
      if (Float.isNaN(expected)) {
        assertTrue((returned & 0x7fff) > 0x7c00, "a NaN stays one");
      } else {
        assertEquals((short) i, returned);
      }
    }
  }

  /** The definition of binary16. */
  private static float half(int bits) {
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    double magnitude =
        switch (exponent) {
          case 0 -> fraction * 0x1p-24;
          case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
          default -> (1024 + fraction) * Math.pow(2, exponent - 25);
        };
    return (float) ((bits & 0x8000) == 0 ? magnitude : -magnitude);
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void narrowingRoundsToNearestEven(VectorMath math) {
    // Every midpoint between neighbouring halves and the floats beside it, of both signs; then
    // random bits.
    int halves = 0x7c00;
    int n = halves * 6 + 100_001;
    float[] values = new float[n];
    for (int i = 0; i < halves; i++) {
      double next = i + 1 < halves ? half(i + 1) : 65536;
      float midpoint = (float) ((half(i) + next) / 2);
      float[] around = {Math.nextDown(midpoint), midpoint, Math.nextUp(midpoint)};
      for (int j = 0; j < 3; j++) {
        values[6 * i + j] = around[j];
        values[6 * i + 3 + j] = -around[j];
      }
    }
    for (int i = 6 * halves; i < n; i++) {
      values[i] = Float.intBitsToFloat(random.nextInt());
    }
    Guarded x = new Guarded(values);
    MemorySegment actual = arena.allocate(2L * n);
    math.f32ToF16(x.memory, x.offset, actual, 0, n);
    for (int i = 0; i < n; i++) {
      short found = actual.get(JAVA_SHORT_UNALIGNED, 2L * i);
      if (Float.isNaN(values[i])) {
        assertTrue((found & 0x7fff) > 0x7c00);
      } else if (Float.floatToFloat16(values[i]) != found) {
        assertEquals(Float.floatToFloat16(values[i]), found, "half of " + values[i]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void halvesOfEverySizeStayInTheirBounds(VectorMath math) {
    for (int n : SIZES) {
      float[] values = gaussians(n, 1);
      Guarded x = new Guarded(values);
      MemorySegment halves = arena.allocate(2L * n + 2);
      halves.set(JAVA_SHORT_UNALIGNED, 2L * n, (short) 77);
      math.f32ToF16(x.memory, x.offset, halves, 0, n);
      assertEquals(77, halves.get(JAVA_SHORT_UNALIGNED, 2L * n));
      Guarded y = new Guarded(new float[n]);
      math.f16ToF32(halves, 0, y.memory, y.offset, n);
      for (int i = 0; i < n; i++) {
        assertEquals(Float.float16ToFloat(Float.floatToFloat16(values[i])), y.values()[i]);
      }
    }
  }

  @Test
  void memoryOutOfBoundsIsRefused() {
    MemorySegment memory = arena.allocate(64);
    implementations()
        .forEach(math -> {
          assertThrows(IndexOutOfBoundsException.class, () -> math.dot(memory, 4, memory, 0, 16));
          assertThrows(IndexOutOfBoundsException.class, () -> math.gelu(memory, 0, 17));
        });
  }
}
