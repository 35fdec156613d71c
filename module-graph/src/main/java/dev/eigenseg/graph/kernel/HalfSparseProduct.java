package dev.eigenseg.graph.kernel;

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
 * With a dense matrix of finite float16, which is widened in registers: the same bytes as if it had
 * been widened in memory before. Not one loop with {@link SingleSparseProduct}: its tile is
 * narrower, since widening takes registers.
 */
final class HalfSparseProduct extends SparseProduct {
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(
          short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() * Short.BYTES / Float.BYTES));
  private static final long STEP = (long) LANES * Short.BYTES;
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

  // Widening takes registers of its own.
  @Override
  void wide(
      MemorySegment entries,
      long begin,
      long end,
      MemorySegment dense,
      long k,
      long c,
      MemorySegment out,
      long target) {
    block(entries, begin, end, dense, k, c, out, target);
    block(entries, begin, end, dense, k, c + 4L * LANES, out, target + 8 * STEP);
  }

  @Override
  void block(
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

  @Override
  void vector(
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

  @Override
  float value(MemorySegment dense, long index) {
    return Float.float16ToFloat(dense.getAtIndex(ValueLayout.JAVA_SHORT, index));
  }
}
