package dev.eigenseg.infer.crf;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The steps on the Vector API: a line is one vector of 512 bits, two of 256 or four of 128. */
final class SimdLines implements LineMath {
  static final SimdLines INSTANCE = new SimdLines();

  private static final VectorSpecies<Float> FLOATS =
      switch (FloatVector.SPECIES_PREFERRED.length()) {
        case 1, 2 -> FloatVector.SPECIES_128;
        case 4, 8, 16 -> FloatVector.SPECIES_PREFERRED;
        default -> FloatVector.SPECIES_512;
      };
  private static final int VECTOR = FLOATS.vectorByteSize();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private SimdLines() {}

  @Override
  public void splat(Lattice lattice, int from, int to, Lines pixels, MemorySegment values) {
    for (int part = 0; part < BYTES; part += VECTOR) {
      splat(
          lattice.firstPixel,
          lattice.pixel,
          lattice.splatWeight,
          from,
          to,
          pixels.memory(),
          pixels.offset() + part,
          pixels.stride(),
          values,
          part);
    }
  }

  private static void splat(
      int[] firstPixel,
      int[] pixel,
      float[] weight,
      int from,
      int to,
      MemorySegment pixels,
      long offset,
      long stride,
      MemorySegment values,
      long part) {
    int i = firstPixel[from];
    for (int vertex = from; vertex < to; vertex++) {
      FloatVector sum = FloatVector.zero(FLOATS);
      int end = firstPixel[vertex + 1];
      for (; i < end; i++) {
        sum = load(pixels, offset + pixel[i] * stride).fma(broadcast(weight[i]), sum);
      }
      sum.intoMemorySegment(values, (long) vertex * BYTES + part, ORDER);
    }
  }

  @Override
  public void blur(int[] chains, int first, int length, int count, MemorySegment values) {
    for (int part = 0; part < BYTES; part += VECTOR) {
      if (length == 2) {
        blurPairs(chains, first, count, values, part);
      } else {
        blurChains(chains, first, length, count, values, part);
      }
    }
  }

  private static void blurPairs(
      int[] chains, int first, int count, MemorySegment values, long part) {
    FloatVector half = broadcast(0.5f);
    int end = first + 2 * count;
    for (int i = first; i < end; i += 2) {
      long offset = (long) chains[i] * BYTES + part;
      long next = (long) chains[i + 1] * BYTES + part;
      FloatVector value = load(values, offset);
      FloatVector after = load(values, next);
      after.fma(half, value).intoMemorySegment(values, offset, ORDER);
      value.fma(half, after).intoMemorySegment(values, next, ORDER);
    }
  }

  private static void blurChains(
      int[] chains, int first, int length, int count, MemorySegment values, long part) {
    FloatVector half = broadcast(0.5f);
    int at = first;
    for (int chain = 0; chain < count; chain++) {
      FloatVector before = FloatVector.zero(FLOATS);
      long offset = (long) chains[at] * BYTES + part;
      FloatVector value = load(values, offset);
      int last = at + length - 1;
      for (int i = at + 1; i <= last; i++) {
        long next = (long) chains[i] * BYTES + part;
        FloatVector after = load(values, next);
        before.add(after).fma(half, value).intoMemorySegment(values, offset, ORDER);
        before = value;
        value = after;
        offset = next;
      }
      before.fma(half, value).intoMemorySegment(values, offset, ORDER);
      at += length;
    }
  }

  @Override
  public void slice(
      Lattice lattice, int from, int to, MemorySegment values, Lines base, Lines target) {
    for (int part = 0; part < BYTES; part += VECTOR) {
      slice(
          lattice.vertex,
          lattice.sliceWeight,
          lattice.corners,
          from,
          to,
          values,
          part,
          base.memory(),
          base.offset() + part,
          base.stride(),
          target.memory(),
          target.offset() + part,
          target.stride());
    }
  }

  private static void slice(
      int[] vertex,
      float[] weight,
      int corners,
      int from,
      int to,
      MemorySegment values,
      long part,
      MemorySegment base,
      long baseOffset,
      long baseStride,
      MemorySegment target,
      long targetOffset,
      long targetStride) {
    int i = from * corners;
    for (int pixel = from; pixel < to; pixel++) {
      FloatVector sum = load(base, baseOffset + pixel * baseStride);
      int end = i + corners;
      for (; i < end; i++) {
        sum = load(values, (long) vertex[i] * BYTES + part).fma(broadcast(weight[i]), sum);
      }
      sum.intoMemorySegment(target, targetOffset + pixel * targetStride, ORDER);
    }
  }

  private static FloatVector load(MemorySegment memory, long offset) {
    return FloatVector.fromMemorySegment(FLOATS, memory, offset, ORDER);
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(FLOATS, value);
  }
}
