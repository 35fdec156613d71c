package dev.eigenseg.infer.crf;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The scalar twin of {@link SimdLines}. */
final class ScalarLines implements LineMath {
  static final ScalarLines INSTANCE = new ScalarLines();

  private ScalarLines() {}

  @Override
  public void splat(Lattice lattice, int from, int to, Lines pixels, MemorySegment values) {
    for (int vertex = from; vertex < to; vertex++) {
      for (long lane = 0; lane < BYTES; lane += Float.BYTES) {
        float sum = 0;
        for (int i = lattice.firstPixel[vertex]; i < lattice.firstPixel[vertex + 1]; i++) {
          long pixel = pixels.offset() + lattice.pixel[i] * pixels.stride();
          float value = pixels.memory().get(JAVA_FLOAT_UNALIGNED, pixel + lane);
          sum = Math.fma(lattice.splatWeight[i], value, sum);
        }
        values.set(JAVA_FLOAT_UNALIGNED, (long) vertex * BYTES + lane, sum);
      }
    }
  }

  @Override
  public void blur(int[] chains, int first, int length, int count, MemorySegment values) {
    for (int chain = 0; chain < count; chain++) {
      for (long lane = 0; lane < BYTES; lane += Float.BYTES) {
        float before = 0;
        for (int i = 0; i < length; i++) {
          int at = first + chain * length + i;
          long offset = (long) chains[at] * BYTES + lane;
          float value = values.get(JAVA_FLOAT_UNALIGNED, offset);
          float after =
              i + 1 < length
                  ? values.get(JAVA_FLOAT_UNALIGNED, (long) chains[at + 1] * BYTES + lane)
                  : 0;
          values.set(JAVA_FLOAT_UNALIGNED, offset, Math.fma(0.5f, before + after, value));
          before = value;
        }
      }
    }
  }

  @Override
  public void slice(
      Lattice lattice, int from, int to, MemorySegment values, Lines base, Lines target) {
    for (int pixel = from; pixel < to; pixel++) {
      for (long lane = 0; lane < BYTES; lane += Float.BYTES) {
        long baseOffset = base.offset() + pixel * base.stride() + lane;
        float sum = base.memory().get(JAVA_FLOAT_UNALIGNED, baseOffset);
        for (int i = pixel * lattice.corners; i < (pixel + 1) * lattice.corners; i++) {
          float value = values.get(JAVA_FLOAT_UNALIGNED, (long) lattice.vertex[i] * BYTES + lane);
          sum = Math.fma(lattice.sliceWeight[i], value, sum);
        }
        long targetOffset = target.offset() + pixel * target.stride() + lane;
        target.memory().set(JAVA_FLOAT_UNALIGNED, targetOffset, sum);
      }
    }
  }
}
