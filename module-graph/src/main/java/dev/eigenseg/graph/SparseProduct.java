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

  /** {@code out[r - firstRow] = matrix[r] * dense} for {@code from <= r < to}. */
  static void rows(
      SymmetricRows matrix,
      long firstRow,
      long from,
      long to,
      MemorySegment dense,
      long k,
      MemorySegment out) {
    if (!VECTORS) {
      scalarRows(matrix, firstRow, from, to, dense, k, out);
      return;
    }
    MemorySegment columns = matrix.columns();
    MemorySegment values = matrix.values();
    for (long r = from; r < to; r++) {
      long begin = matrix.pointer(r);
      long end = matrix.pointer(r + 1);
      long target = (r - firstRow) * k * Float.BYTES;
      long c = 0;
      for (; c + BLOCK <= k; c += BLOCK) {
        block(columns, values, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
      if (c + HALF <= k) {
        half(columns, values, begin, end, dense, k, c, out, target + c * Float.BYTES);
        c += HALF;
      }
      for (; c + LANES <= k; c += LANES) {
        vector(columns, values, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
      for (; c < k; c++) {
        scalar(columns, values, begin, end, dense, k, c, out, target + c * Float.BYTES);
      }
    }
  }

  /** The scalar twin of {@link #rows}. */
  static void scalarRows(
      SymmetricRows matrix,
      long firstRow,
      long from,
      long to,
      MemorySegment dense,
      long k,
      MemorySegment out) {
    for (long r = from; r < to; r++) {
      for (long c = 0; c < k; c++) {
        scalar(
            matrix.columns(),
            matrix.values(),
            matrix.pointer(r),
            matrix.pointer(r + 1),
            dense,
            k,
            c,
            out,
            ((r - firstRow) * k + c) * Float.BYTES);
      }
    }
  }

  private static void block(
      MemorySegment columns,
      MemorySegment values,
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
      long column = Integer.toUnsignedLong(columns.getAtIndex(ValueLayout.JAVA_INT, p));
      long base = (column * k + c) * Float.BYTES;
      FloatVector v = FloatVector.broadcast(SPECIES, values.getAtIndex(ValueLayout.JAVA_FLOAT, p));
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
      MemorySegment columns,
      MemorySegment values,
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
      long column = Integer.toUnsignedLong(columns.getAtIndex(ValueLayout.JAVA_INT, p));
      long base = (column * k + c) * Float.BYTES;
      FloatVector v = FloatVector.broadcast(SPECIES, values.getAtIndex(ValueLayout.JAVA_FLOAT, p));
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
      MemorySegment columns,
      MemorySegment values,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target) {
    FloatVector sum = FloatVector.zero(SPECIES);
    for (long p = begin; p < end; p++) {
      long column = Integer.toUnsignedLong(columns.getAtIndex(ValueLayout.JAVA_INT, p));
      FloatVector v = FloatVector.broadcast(SPECIES, values.getAtIndex(ValueLayout.JAVA_FLOAT, p));
      long base = (column * k + c) * Float.BYTES;
      sum = v.fma(FloatVector.fromMemorySegment(SPECIES, dense, base, NATIVE), sum);
    }
    sum.intoMemorySegment(out, target, NATIVE);
  }

  private static void scalar(
      MemorySegment columns,
      MemorySegment values,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target) {
    float sum = 0;
    for (long p = begin; p < end; p++) {
      long column = Integer.toUnsignedLong(columns.getAtIndex(ValueLayout.JAVA_INT, p));
      sum =
          Math.fma(
              values.getAtIndex(ValueLayout.JAVA_FLOAT, p),
              dense.getAtIndex(ValueLayout.JAVA_FLOAT, column * k + c),
              sum);
    }
    out.set(ValueLayout.JAVA_FLOAT, target, sum);
  }
}
