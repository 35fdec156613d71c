package dev.eigenseg.graph;

import dev.eigenseg.api.internal.kernel.VectorMath;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link SparseProduct} with a dense matrix of float16, which is widened in registers: the same
 * bytes as if it had been widened in memory before.
 */
final class HalfSparseProduct {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(
          short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() * Short.BYTES / Float.BYTES));
  private static final int LANES = FLOATS.length();
  private static final long STEP = (long) LANES * Short.BYTES;
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
  // With 16 lanes, K = 64 is one block.
  private static final int BLOCK = 4 * LANES;
  private static final boolean VECTORS = VectorMath.best().equals(VectorMath.simd());

  private HalfSparseProduct() {}

  /** {@code out[i] = matrix[first + i] * dense} for {@code i < count}. */
  static void rows(
      SymmetricRows.Window matrix,
      long first,
      long count,
      MemorySegment dense,
      long k,
      MemorySegment out) {
    if (!VECTORS) {
      scalarRows(matrix, first, count, dense, k, out);
      return;
    }
    MemorySegment entries = matrix.entries();
    for (long r = 0; r < count; r++) {
      long begin = matrix.begin(first + r);
      long end = matrix.begin(first + r + 1);
      long target = r * k * Float.BYTES;
      long c = 0;
      for (; c + BLOCK <= k; c += BLOCK) {
        block(entries, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
      for (; c + LANES <= k; c += LANES) {
        vector(entries, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
      for (; c < k; c++) {
        scalar(entries, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
    }
  }

  /** The scalar twin of {@link #rows}. */
  static void scalarRows(
      SymmetricRows.Window matrix,
      long first,
      long count,
      MemorySegment dense,
      long k,
      MemorySegment out) {
    for (long r = 0; r < count; r++) {
      long begin = matrix.begin(first + r);
      long end = matrix.begin(first + r + 1);
      for (long c = 0; c < k; c++) {
        scalar(matrix.entries(), begin, end, dense, k, c, out, (r * k + c) * Float.BYTES);
      }
    }
  }

  private static void block(
      MemorySegment entries,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (long p = begin; p < end; p++) {
      long base = (SymmetricRows.column(entries, p) * k + c) * Short.BYTES;
      FloatVector v = FloatVector.broadcast(FLOATS, SymmetricRows.value(entries, p));
      s0 = v.fma(load(dense, base), s0);
      s1 = v.fma(load(dense, base + STEP), s1);
      s2 = v.fma(load(dense, base + 2 * STEP), s2);
      s3 = v.fma(load(dense, base + 3 * STEP), s3);
    }
    s0.intoMemorySegment(out, target, NATIVE);
    s1.intoMemorySegment(out, target + 2 * STEP, NATIVE);
    s2.intoMemorySegment(out, target + 4 * STEP, NATIVE);
    s3.intoMemorySegment(out, target + 6 * STEP, NATIVE);
  }

  private static void vector(
      MemorySegment entries,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target) {
    FloatVector sum = FloatVector.zero(FLOATS);
    for (long p = begin; p < end; p++) {
      long base = (SymmetricRows.column(entries, p) * k + c) * Short.BYTES;
      FloatVector v = FloatVector.broadcast(FLOATS, SymmetricRows.value(entries, p));
      sum = v.fma(load(dense, base), sum);
    }
    sum.intoMemorySegment(out, target, NATIVE);
  }

  // Sign, exponent and fraction move into place; the factor corrects the exponent's bias, of
  // subnormal numbers too.
  private static FloatVector load(MemorySegment halves, long offset) {
    IntVector bits =
        (IntVector)
            ShortVector.fromMemorySegment(SHORTS, halves, offset, NATIVE)
                .convertShape(VectorOperators.S2I, INTS, 0);
    return bits.lanewise(VectorOperators.LSHL, 13)
        .and(0x8fffe000)
        .viewAsFloatingLanes()
        .mul(0x1p112f);
  }

  private static void scalar(
      MemorySegment entries,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target) {
    float sum = 0;
    for (long p = begin; p < end; p++) {
      long index = SymmetricRows.column(entries, p) * k + c;
      float value = Float.float16ToFloat(dense.getAtIndex(ValueLayout.JAVA_SHORT, index));
      sum = Math.fma(SymmetricRows.value(entries, p), value, sum);
    }
    out.set(ValueLayout.JAVA_FLOAT, target, sum);
  }
}
