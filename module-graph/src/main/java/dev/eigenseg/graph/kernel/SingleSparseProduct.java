package dev.eigenseg.graph.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/** With a dense matrix of float32. */
final class SingleSparseProduct extends SparseProduct {
  private static final long STEP = FLOATS.vectorByteSize();
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

  // Eight accumulators hide the latency of the multiply-add and fit into sixteen registers.
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
    FloatVector s0 = FloatVector.zero(FLOATS);
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
      FloatVector v = FloatVector.broadcast(FLOATS, SymmetricRows.value(entries, p));
      s0 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base, NATIVE), s0);
      s1 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + STEP, NATIVE), s1);
      s2 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + 2 * STEP, NATIVE), s2);
      s3 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + 3 * STEP, NATIVE), s3);
      s4 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + 4 * STEP, NATIVE), s4);
      s5 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + 5 * STEP, NATIVE), s5);
      s6 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + 6 * STEP, NATIVE), s6);
      s7 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + 7 * STEP, NATIVE), s7);
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
      long column = SymmetricRows.column(entries, p);
      long base = (column * k + c) * Float.BYTES;
      FloatVector v = FloatVector.broadcast(FLOATS, SymmetricRows.value(entries, p));
      s0 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base, NATIVE), s0);
      s1 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + STEP, NATIVE), s1);
      s2 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + 2 * STEP, NATIVE), s2);
      s3 = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base + 3 * STEP, NATIVE), s3);
    }
    s0.intoMemorySegment(out, target, NATIVE);
    s1.intoMemorySegment(out, target + STEP, NATIVE);
    s2.intoMemorySegment(out, target + 2 * STEP, NATIVE);
    s3.intoMemorySegment(out, target + 3 * STEP, NATIVE);
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
      long column = SymmetricRows.column(entries, p);
      FloatVector v = FloatVector.broadcast(FLOATS, SymmetricRows.value(entries, p));
      long base = (column * k + c) * Float.BYTES;
      sum = v.fma(FloatVector.fromMemorySegment(FLOATS, dense, base, NATIVE), sum);
    }
    sum.intoMemorySegment(out, target, NATIVE);
  }

  @Override
  float value(MemorySegment dense, long index) {
    return dense.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }
}
