package dev.eigenseg.graph;

import dev.eigenseg.api.internal.kernel.VectorMath;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sparse rows times a dense matrix. Every element of the result is one chain of fused multiply-adds
 * over the row's entries in their order, so the vector loop and its scalar twin give the same
 * bytes.
 */
final class SparseProduct {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final long STEP = SPECIES.vectorByteSize();
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
  // Eight accumulators hide the latency of the multiply-add and fit into sixteen registers.
  private static final int BLOCK = 8 * LANES;
  // With 16 lanes, K = 64 is half a block.
  private static final int HALF = 4 * LANES;
  private static final boolean VECTORS = VectorMath.best().equals(VectorMath.simd());

  private SparseProduct() {}

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
      if (c + HALF <= k) {
        half(entries, begin, end, dense, k, c, out, target + c * Float.BYTES);
        c += HALF;
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
    FloatVector s0 = FloatVector.zero(SPECIES);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector s4 = s0;
    FloatVector s5 = s0;
    FloatVector s6 = s0;
    FloatVector s7 = s0;
    for (long p = begin; p < end; p++) {
      long column = SymmetricRows.column(entries, p);
      long base = (column * k + c) * Float.BYTES;
      FloatVector v = FloatVector.broadcast(SPECIES, SymmetricRows.value(entries, p));
      s0 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base, NATIVE), s0);
      s1 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + STEP, NATIVE), s1);
      s2 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + 2 * STEP, NATIVE), s2);
      s3 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + 3 * STEP, NATIVE), s3);
      s4 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + 4 * STEP, NATIVE), s4);
      s5 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + 5 * STEP, NATIVE), s5);
      s6 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + 6 * STEP, NATIVE), s6);
      s7 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + 7 * STEP, NATIVE), s7);
    }
    s0.intoMemorySegment(out, target, NATIVE);
    s1.intoMemorySegment(out, target + STEP, NATIVE);
    s2.intoMemorySegment(out, target + 2 * STEP, NATIVE);
    s3.intoMemorySegment(out, target + 3 * STEP, NATIVE);
    s4.intoMemorySegment(out, target + 4 * STEP, NATIVE);
    s5.intoMemorySegment(out, target + 5 * STEP, NATIVE);
    s6.intoMemorySegment(out, target + 6 * STEP, NATIVE);
    s7.intoMemorySegment(out, target + 7 * STEP, NATIVE);
  }

  private static void half(
      MemorySegment entries,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target) {
    FloatVector s0 = FloatVector.zero(SPECIES);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (long p = begin; p < end; p++) {
      long column = SymmetricRows.column(entries, p);
      long base = (column * k + c) * Float.BYTES;
      FloatVector v = FloatVector.broadcast(SPECIES, SymmetricRows.value(entries, p));
      s0 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base, NATIVE), s0);
      s1 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + STEP, NATIVE), s1);
      s2 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + 2 * STEP, NATIVE), s2);
      s3 = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base + 3 * STEP, NATIVE), s3);
    }
    s0.intoMemorySegment(out, target, NATIVE);
    s1.intoMemorySegment(out, target + STEP, NATIVE);
    s2.intoMemorySegment(out, target + 2 * STEP, NATIVE);
    s3.intoMemorySegment(out, target + 3 * STEP, NATIVE);
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
    FloatVector sum = FloatVector.zero(SPECIES);
    for (long p = begin; p < end; p++) {
      long column = SymmetricRows.column(entries, p);
      FloatVector v = FloatVector.broadcast(SPECIES, SymmetricRows.value(entries, p));
      long base = (column * k + c) * Float.BYTES;
      sum = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base, NATIVE), sum);
    }
    sum.intoMemorySegment(out, target, NATIVE);
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
      long column = SymmetricRows.column(entries, p);
      sum =
          Math.fma(
              SymmetricRows.value(entries, p),
              dense.getAtIndex(ValueLayout.JAVA_FLOAT, column * k + c),
              sum);
    }
    out.set(ValueLayout.JAVA_FLOAT, target, sum);
  }
}
