package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels on the Vector API.
 *
 * <p>Tails are done by scalar code where that gives the same bits as a lane does, and with masks
 * elsewhere, so that an element's result never depends on its position.
 *
 * <p>From the start of a process to its first mask, memory is that of shared arenas. Every access
 * asks whose memory it is, in code that all accesses of a process have in common: where most memory
 * was of one thread, the compiler bets on that, and throws the loop away when it meets the first
 * shared segment, once for each kernel; where some was, each kernel is compiled for both. Searches
 * have confined arenas for their blocks all the same, since closing a shared one stops all threads.
 *
 * <p>Slices are taken with an alignment, of 1. The shorter form goes through a bridge, a method
 * that the Java compiler makes up for the narrower type that its implementation returns. In three
 * of four processes the virtual machine took the call in there for a rare one, having no profile of
 * it, and called it for real: each access then loads base and length of the slice and asks what
 * class it is of. Layer norms took 1.7 times as long and, with the registers that it costs,
 * products 1.16 times.
 */
final class SimdMath implements VectorMath {
  /** The widest vectors that the processor prefers, 128 bits at least. */
  static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.length() < FloatVector.SPECIES_128.length()
          ? FloatVector.SPECIES_128
          : FloatVector.SPECIES_PREFERRED;

  static final SimdMath INSTANCE = new SimdMath();

  private static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
  private static final VectorSpecies<Short> HALVES =
      VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LANES = FLOATS.length();
  private static final long VECTOR = FLOATS.vectorByteSize();

  // exp as in Cephes' expf (S. L. Moshier): x = n ln 2 + r with ln 2 in two parts, a polynomial for
  // e^r, |relative error| < 2e-7.
  private static final float LOG2_E = 1.442695f;
  private static final float LN2_HIGH = 0.6933594f;
  private static final float LN2_LOW = -0.00021219444f;
  private static final float EXP_2 = 0.5f;
  private static final float EXP_3 = 0.16666666f;
  private static final float EXP_4 = 0.041665796f;
  private static final float EXP_5 = 0.008333452f;
  private static final float EXP_6 = 0.0013981999f;
  private static final float EXP_7 = 0.00019875691f;

  /** Adding it rounds to a whole number, which then stands in the low bits: 1.5 * 2^23. */
  private static final float ROUND = 12582912f;

  /** Below it the result would be subnormal; 0 is taken. */
  private static final float EXP_SMALLEST = -87.33654f;

  // Lane i takes lane i + n; sums that are folded in halves.
  private static final VectorShuffle<Float> FOLD_8 = fold(8);
  private static final VectorShuffle<Float> FOLD_4 = fold(4);
  private static final VectorShuffle<Float> FOLD_2 = fold(2);
  private static final VectorShuffle<Float> FOLD_1 = fold(1);

  private SimdMath() {}

  private static VectorShuffle<Float> fold(int distance) {
    return VectorShuffle.fromOp(FLOATS, lane -> (lane + distance) % LANES);
  }

  /**
   * The sum of all lanes in a fixed order. reduceLanes leaves the order open, and compiled code
   * takes another one than the interpreter: the same call would give other last bits later.
   */
  private static float total(FloatVector lanes) {
    FloatVector sum = lanes;
    if (LANES > 8) {
      sum = sum.add(sum.rearrange(FOLD_8));
    }
    if (LANES > 4) {
      sum = sum.add(sum.rearrange(FOLD_4));
    }
    if (LANES > 2) {
      sum = sum.add(sum.rearrange(FOLD_2));
    }
    if (LANES > 1) {
      sum = sum.add(sum.rearrange(FOLD_1));
    }
    return sum.lane(0);
  }

  @Override
  public String name() {
    return "simd";
  }

  @Override
  public float dot(
      MemorySegment aMemory, long aOffset, MemorySegment bMemory, long bOffset, long n) {
    MemorySegment a = aMemory.asSlice(aOffset, n * Float.BYTES, 1);
    MemorySegment b = bMemory.asSlice(bOffset, n * Float.BYTES, 1);
    long bytes = n * Float.BYTES;
    FloatVector sum0 = FloatVector.zero(FLOATS);
    FloatVector sum1 = sum0;
    FloatVector sum2 = sum0;
    FloatVector sum3 = sum0;
    long i = 0;
    for (; i <= bytes - 4 * VECTOR; i += 4 * VECTOR) {
      sum0 = load(a, i).fma(load(b, i), sum0);
      sum1 = load(a, i + VECTOR).fma(load(b, i + VECTOR), sum1);
      sum2 = load(a, i + 2 * VECTOR).fma(load(b, i + 2 * VECTOR), sum2);
      sum3 = load(a, i + 3 * VECTOR).fma(load(b, i + 3 * VECTOR), sum3);
    }
    for (; i <= bytes - VECTOR; i += VECTOR) {
      sum0 = load(a, i).fma(load(b, i), sum0);
    }
    float sum = total(sum0.add(sum1).add(sum2.add(sum3)));
    for (; i < bytes; i += Float.BYTES) {
      sum = Math.fma(a.get(JAVA_FLOAT_UNALIGNED, i), b.get(JAVA_FLOAT_UNALIGNED, i), sum);
    }
    return sum;
  }

  @Override
  public void axpy(
      float alpha,
      MemorySegment xMemory,
      long xOffset,
      MemorySegment yMemory,
      long yOffset,
      long n) {
    long bytes = n * Float.BYTES;
    MemorySegment x = xMemory.asSlice(xOffset, bytes, 1);
    MemorySegment y = yMemory.asSlice(yOffset, bytes, 1);
    FloatVector factor = FloatVector.broadcast(FLOATS, alpha);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      factor.fma(load(x, i), load(y, i)).intoMemorySegment(y, i, ORDER);
    }
    for (; i < bytes; i += Float.BYTES) {
      float sum = Math.fma(alpha, x.get(JAVA_FLOAT_UNALIGNED, i), y.get(JAVA_FLOAT_UNALIGNED, i));
      y.set(JAVA_FLOAT_UNALIGNED, i, sum);
    }
  }

  @Override
  public void mix(
      MemorySegment xMemory,
      long xOffset,
      MemorySegment yMemory,
      long yOffset,
      float weight,
      MemorySegment targetMemory,
      long targetOffset,
      long n) {
    long bytes = n * Float.BYTES;
    MemorySegment x = xMemory.asSlice(xOffset, bytes, 1);
    MemorySegment y = yMemory.asSlice(yOffset, bytes, 1);
    MemorySegment target = targetMemory.asSlice(targetOffset, bytes, 1);
    FloatVector factor = FloatVector.broadcast(FLOATS, weight);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      FloatVector from = load(x, i);
      load(y, i).sub(from).mul(factor).add(from).intoMemorySegment(target, i, ORDER);
    }
    for (; i < bytes; i += Float.BYTES) {
      float from = x.get(JAVA_FLOAT_UNALIGNED, i);
      float to = y.get(JAVA_FLOAT_UNALIGNED, i);
      target.set(JAVA_FLOAT_UNALIGNED, i, from + weight * (to - from));
    }
  }

  @Override
  public int argmax(MemorySegment xMemory, long xOffset, int n) {
    MemorySegment x = xMemory.asSlice(xOffset, (long) n * Float.BYTES, 1);
    float max = max(x);
    int i = 0;
    for (; i <= n - LANES; i += LANES) {
      VectorMask<Float> found = load(x, (long) i * Float.BYTES).compare(VectorOperators.EQ, max);
      if (found.anyTrue()) {
        return i + found.firstTrue();
      }
    }
    while (i < n - 1 && x.get(JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES) != max) {
      i++;
    }
    return i;
  }

  @Override
  public void scale(float alpha, MemorySegment xMemory, long xOffset, long n) {
    long bytes = n * Float.BYTES;
    MemorySegment x = xMemory.asSlice(xOffset, bytes, 1);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      load(x, i).mul(alpha).intoMemorySegment(x, i, ORDER);
    }
    for (; i < bytes; i += Float.BYTES) {
      x.set(JAVA_FLOAT_UNALIGNED, i, alpha * x.get(JAVA_FLOAT_UNALIGNED, i));
    }
  }

  @Override
  public void softmax(MemorySegment xMemory, long xOffset, int n) {
    if (n == 0) {
      return;
    }
    MemorySegment x = xMemory.asSlice(xOffset, (long) n * Float.BYTES, 1);
    float max = max(x);
    float sum = exponentials(x, max);
    scale(1 / sum, x, 0, n);
  }

  private static float max(MemorySegment x) {
    long bytes = x.byteSize();
    // Four, since each waits for the one before it.
    FloatVector lanes = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    FloatVector lanes1 = lanes;
    FloatVector lanes2 = lanes;
    FloatVector lanes3 = lanes;
    long i = 0;
    for (; i <= bytes - 4 * VECTOR; i += 4 * VECTOR) {
      lanes = lanes.max(load(x, i));
      lanes1 = lanes1.max(load(x, i + VECTOR));
      lanes2 = lanes2.max(load(x, i + 2 * VECTOR));
      lanes3 = lanes3.max(load(x, i + 3 * VECTOR));
    }
    lanes = lanes.max(lanes1).max(lanes2.max(lanes3));
    for (; i <= bytes - VECTOR; i += VECTOR) {
      lanes = lanes.max(load(x, i));
    }
    float max = lanes.reduceLanes(VectorOperators.MAX);
    for (; i < bytes; i += Float.BYTES) {
      max = Math.max(max, x.get(JAVA_FLOAT_UNALIGNED, i));
    }
    return max;
  }

  /** Replaces x by {@code exp(x - max)}; returns the sum. */
  private static float exponentials(MemorySegment x, float max) {
    long bytes = x.byteSize();
    FloatVector sums = FloatVector.zero(FLOATS);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      FloatVector e = expOfNegative(load(x, i).sub(max));
      e.intoMemorySegment(x, i, ORDER);
      sums = sums.add(e);
    }
    if (i < bytes) {
      VectorMask<Float> tail = tail(i, bytes);
      FloatVector values = FloatVector.fromMemorySegment(FLOATS, x, i, ORDER, tail);
      FloatVector e = expOfNegative(values.sub(max));
      e.intoMemorySegment(x, i, ORDER, tail);
      sums = sums.add(e, tail);
    }
    return total(sums);
  }

  /**
   * The exponential of numbers that are not positive; 0 where it would be subnormal, NaN of NaN.
   */
  private static FloatVector expOfNegative(FloatVector x) {
    FloatVector rounded = x.mul(LOG2_E).add(ROUND);
    FloatVector n = rounded.sub(ROUND);
    FloatVector r = n.lanewise(VectorOperators.FMA, -LN2_HIGH, x);
    r = n.lanewise(VectorOperators.FMA, -LN2_LOW, r);
    FloatVector p = FloatVector.broadcast(FLOATS, EXP_7);
    p = p.lanewise(VectorOperators.FMA, r, FloatVector.broadcast(FLOATS, EXP_6));
    p = p.lanewise(VectorOperators.FMA, r, FloatVector.broadcast(FLOATS, EXP_5));
    p = p.lanewise(VectorOperators.FMA, r, FloatVector.broadcast(FLOATS, EXP_4));
    p = p.lanewise(VectorOperators.FMA, r, FloatVector.broadcast(FLOATS, EXP_3));
    p = p.lanewise(VectorOperators.FMA, r, FloatVector.broadcast(FLOATS, EXP_2));
    p = p.lanewise(VectorOperators.FMA, r.mul(r), r).add(1);
    // The low bits of `rounded` are n plus those of ROUND, which the shift drops: 2^n.
    FloatVector power =
        rounded
            .viewAsIntegralLanes()
            .lanewise(VectorOperators.LSHL, 23)
            .add(Float.floatToRawIntBits(1f))
            .viewAsFloatingLanes();
    return p.mul(power).blend(0, x.compare(VectorOperators.LT, EXP_SMALLEST));
  }

  @Override
  public void layerNorm(
      MemorySegment xMemory,
      long xOffset,
      MemorySegment gamma,
      MemorySegment beta,
      MemorySegment yMemory,
      long yOffset,
      int n,
      float eps) {
    long bytes = (long) n * Float.BYTES;
    MemorySegment x = xMemory.asSlice(xOffset, bytes, 1);
    MemorySegment y = yMemory.asSlice(yOffset, bytes, 1);
    float mean = sum(x) / n;
    float inverse = (float) (1 / Math.sqrt(squares(x, mean) / n + eps));
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      FloatVector normal = load(x, i).sub(mean).mul(inverse);
      normal.fma(load(gamma, i), load(beta, i)).intoMemorySegment(y, i, ORDER);
    }
    for (; i < bytes; i += Float.BYTES) {
      float normal = (x.get(JAVA_FLOAT_UNALIGNED, i) - mean) * inverse;
      float factor = gamma.get(JAVA_FLOAT_UNALIGNED, i);
      y.set(JAVA_FLOAT_UNALIGNED, i, Math.fma(normal, factor, beta.get(JAVA_FLOAT_UNALIGNED, i)));
    }
  }

  private static float sum(MemorySegment x) {
    long bytes = x.byteSize();
    FloatVector sums = FloatVector.zero(FLOATS);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      sums = sums.add(load(x, i));
    }
    float sum = total(sums);
    for (; i < bytes; i += Float.BYTES) {
      sum += x.get(JAVA_FLOAT_UNALIGNED, i);
    }
    return sum;
  }

  private static float squares(MemorySegment x, float mean) {
    long bytes = x.byteSize();
    FloatVector sums = FloatVector.zero(FLOATS);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      FloatVector centred = load(x, i).sub(mean);
      sums = centred.fma(centred, sums);
    }
    float sum = total(sums);
    for (; i < bytes; i += Float.BYTES) {
      float centred = x.get(JAVA_FLOAT_UNALIGNED, i) - mean;
      sum = Math.fma(centred, centred, sum);
    }
    return sum;
  }

  @Override
  public void gelu(MemorySegment xMemory, long xOffset, long n) {
    long bytes = n * Float.BYTES;
    MemorySegment x = xMemory.asSlice(xOffset, bytes, 1);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      gelu(load(x, i)).intoMemorySegment(x, i, ORDER);
    }
    if (i < bytes) {
      VectorMask<Float> tail = tail(i, bytes);
      FloatVector values = FloatVector.fromMemorySegment(FLOATS, x, i, ORDER, tail);
      gelu(values).intoMemorySegment(x, i, ORDER, tail);
    }
  }

  // The same formula as ScalarMath.gelu.
  private static FloatVector gelu(FloatVector x) {
    FloatVector one = FloatVector.broadcast(FLOATS, 1);
    FloatVector z = x.abs().mul(ScalarMath.SQRT_HALF);
    FloatVector t = one.div(z.lanewise(VectorOperators.FMA, ScalarMath.ERF_P, one));
    FloatVector p = FloatVector.broadcast(FLOATS, ScalarMath.ERF_A5);
    p = p.fma(t, FloatVector.broadcast(FLOATS, ScalarMath.ERF_A4));
    p = p.fma(t, FloatVector.broadcast(FLOATS, ScalarMath.ERF_A3));
    p = p.fma(t, FloatVector.broadcast(FLOATS, ScalarMath.ERF_A2));
    p = p.fma(t, FloatVector.broadcast(FLOATS, ScalarMath.ERF_A1));
    FloatVector upper = expOfNegative(z.mul(z).neg()).mul(p).mul(t).mul(0.5f);
    FloatVector distribution = one.sub(upper).blend(upper, x.compare(VectorOperators.LT, 0));
    return x.mul(distribution);
  }

  @Override
  public void geluTanh(MemorySegment xMemory, long xOffset, long n) {
    long bytes = n * Float.BYTES;
    MemorySegment x = xMemory.asSlice(xOffset, bytes, 1);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      geluTanh(load(x, i)).intoMemorySegment(x, i, ORDER);
    }
    if (i < bytes) {
      VectorMask<Float> tail = tail(i, bytes);
      FloatVector values = FloatVector.fromMemorySegment(FLOATS, x, i, ORDER, tail);
      geluTanh(values).intoMemorySegment(x, i, ORDER, tail);
    }
  }

  // The same formula as ScalarMath.geluTanh.
  private static FloatVector geluTanh(FloatVector x) {
    FloatVector size = x.abs();
    FloatVector slope =
        FloatVector.broadcast(FLOATS, ScalarMath.GELU_CUBIC)
            .fma(size.mul(size), FloatVector.broadcast(FLOATS, ScalarMath.GELU_LINEAR));
    return timesLogistic(x, size.mul(slope));
  }

  @Override
  public void swish(MemorySegment xMemory, long xOffset, long n, float beta) {
    long bytes = n * Float.BYTES;
    MemorySegment x = xMemory.asSlice(xOffset, bytes, 1);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      FloatVector values = load(x, i);
      timesLogistic(values, values.abs().mul(beta)).intoMemorySegment(x, i, ORDER);
    }
    if (i < bytes) {
      VectorMask<Float> tail = tail(i, bytes);
      FloatVector values = FloatVector.fromMemorySegment(FLOATS, x, i, ORDER, tail);
      timesLogistic(values, values.abs().mul(beta)).intoMemorySegment(x, i, ORDER, tail);
    }
  }

  // The same formula as ScalarMath.timesLogistic.
  private static FloatVector timesLogistic(FloatVector x, FloatVector size) {
    FloatVector one = FloatVector.broadcast(FLOATS, 1);
    FloatVector e = expOfNegative(size.neg());
    return x.mul(one.blend(e, x.compare(VectorOperators.LT, 0)).div(e.add(one)));
  }

  @Override
  public void multiply(
      MemorySegment xMemory, long xOffset, MemorySegment yMemory, long yOffset, long n) {
    long bytes = n * Float.BYTES;
    MemorySegment x = xMemory.asSlice(xOffset, bytes, 1);
    MemorySegment y = yMemory.asSlice(yOffset, bytes, 1);
    long i = 0;
    for (; i <= bytes - VECTOR; i += VECTOR) {
      load(x, i).mul(load(y, i)).intoMemorySegment(y, i, ORDER);
    }
    if (i < bytes) {
      VectorMask<Float> tail = tail(i, bytes);
      FloatVector.fromMemorySegment(FLOATS, x, i, ORDER, tail)
          .mul(FloatVector.fromMemorySegment(FLOATS, y, i, ORDER, tail))
          .intoMemorySegment(y, i, ORDER, tail);
    }
  }

  @Override
  public void f16ToF32(
      MemorySegment source, long srcOffset, MemorySegment target, long dstOffset, long n) {
    MemorySegment src = source.asSlice(srcOffset, n * Short.BYTES, 1);
    MemorySegment dst = target.asSlice(dstOffset, n * Float.BYTES, 1);
    long i = 0;
    for (; i <= n - LANES; i += LANES) {
      ShortVector halves = ShortVector.fromMemorySegment(HALVES, src, i * Short.BYTES, ORDER);
      widen(halves).intoMemorySegment(dst, i * Float.BYTES, ORDER);
    }
    ScalarMath.INSTANCE.f16ToF32(src, i * Short.BYTES, dst, i * Float.BYTES, n - i);
  }

  // Moves exponent and fraction into place and multiplies by 2^112, which corrects the bias, of
  // subnormals too.
  private static FloatVector widen(ShortVector halves) {
    IntVector bits = (IntVector) halves.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
    IntVector sign = bits.and(0x8000).lanewise(VectorOperators.LSHL, 16);
    IntVector magnitude = bits.and(0x7fff);
    IntVector shifted = magnitude.lanewise(VectorOperators.LSHL, 13);
    IntVector finite = shifted.viewAsFloatingLanes().mul(0x1p112f).viewAsIntegralLanes();
    IntVector infinite = shifted.or(0x7f800000);
    VectorMask<Integer> notFinite = magnitude.compare(VectorOperators.GE, 0x7c00);
    return finite.blend(infinite, notFinite).or(sign).viewAsFloatingLanes();
  }

  @Override
  public void f32ToF16(
      MemorySegment source, long srcOffset, MemorySegment target, long dstOffset, long n) {
    MemorySegment src = source.asSlice(srcOffset, n * Float.BYTES, 1);
    MemorySegment dst = target.asSlice(dstOffset, n * Short.BYTES, 1);
    long i = 0;
    for (; i <= n - LANES; i += LANES) {
      narrow(load(src, i * Float.BYTES)).intoMemorySegment(dst, i * Short.BYTES, ORDER);
    }
    ScalarMath.INSTANCE.f32ToF16(src, i * Float.BYTES, dst, i * Short.BYTES, n - i);
  }

  // Normal results: half a unit less one, plus the last kept bit, is added before the cut, so ties
  // go to even. Subnormal results: adding
  // 0.5 lets the processor round at the unit 2^-24 of a subnormal half; the sum's low bits are the
  // result.
  private static ShortVector narrow(FloatVector values) {
    IntVector bits = values.viewAsIntegralLanes();
    IntVector sign = bits.lanewise(VectorOperators.LSHR, 16).and(0x8000);
    IntVector magnitude = bits.and(0x7fffffff);
    IntVector odd = magnitude.lanewise(VectorOperators.LSHR, 13).and(1);
    IntVector normal =
        magnitude.add(0xfff - (112 << 23)).add(odd).lanewise(VectorOperators.LSHR, 13);
    IntVector subnormal =
        magnitude
            .viewAsFloatingLanes()
            .add(0.5f)
            .viewAsIntegralLanes()
            .sub(Float.floatToRawIntBits(0.5f));
    IntVector half =
        normal
            .blend(subnormal, magnitude.compare(VectorOperators.LT, 113 << 23))
            .blend(0x7c00, magnitude.compare(VectorOperators.GE, 143 << 23))
            .blend(0x7e00, magnitude.compare(VectorOperators.GT, 0x7f800000));
    return (ShortVector) half.or(sign).convertShape(VectorOperators.I2S, HALVES, 0);
  }

  private static FloatVector load(MemorySegment memory, long offset) {
    return FloatVector.fromMemorySegment(FLOATS, memory, offset, ORDER);
  }

  private static VectorMask<Float> tail(long offset, long bytes) {
    return FLOATS.indexInRange(0, (bytes - offset) / Float.BYTES);
  }
}
