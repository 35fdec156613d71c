package dev.eigenseg.infer.vit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/**
 * Scales weights while a network is opened, when nothing is compiled yet: on arrays, over which
 * loops are fast as soon as the quick compiler has seen them. One value of a segment after the
 * other took a first mask of ViT-S/16 a tenth of a second.
 */
final class WeightScaling {
  private static final int CHUNK = 4096;

  private WeightScaling() {}

  /** Multiplies {@code count} floats from {@code offset} bytes on. */
  static void scale(float factor, MemorySegment weights, long offset, long count) {
    float[] chunk = new float[(int) Math.min(CHUNK, count)];
    for (long done = 0; done < count; done += chunk.length) {
      int length = (int) Math.min(chunk.length, count - done);
      long at = offset + done * Float.BYTES;
      MemorySegment.copy(weights, JAVA_FLOAT, at, chunk, 0, length);
      multiply(chunk, length, factor);
      MemorySegment.copy(chunk, 0, weights, JAVA_FLOAT, at, length);
    }
  }

  // Apart: the optimising compiler has it in 5 ms, and in 80 with the copies around it.
  private static void multiply(float[] values, int count, float factor) {
    for (int i = 0; i < count; i++) {
      values[i] *= factor;
    }
  }
}
