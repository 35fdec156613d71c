package dev.eigenseg.infer.vit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Turns the queries and keys of tokens by rotary positions, in place. A channel of the first half
 * of a head and the one half a head further are the coordinates that are turned.
 */
final class Rotation {
  private final int heads;
  private final int half;
  private final float[] table;
  private final int sines;

  /**
   * Borrows the angles.
   *
   * @param table as {@link VitPositions#on} gives it
   */
  Rotation(VitConfig config, float[] table) {
    heads = config.heads();
    half = config.headDim() / 2;
    this.table = table;
    sines = table.length / 2;
  }

  /**
   * Turns some tokens.
   *
   * @param qkv {@code [rows, 3 * dim]}, queries, keys and values, heads side by side
   * @param first the token of the first row
   * @param from the first row that is turned
   * @param rows behind the last one
   */
  void apply(MemorySegment qkv, int first, int from, int rows) {
    long headBytes = 2L * half * Float.BYTES;
    for (int row = from; row < rows; row++) {
      long token = row * 3L * heads * headBytes;
      // Queries and keys are neighbours, so keys are as many heads more.
      for (int head = 0; head < 2 * heads; head++) {
        turn(qkv, token + head * headBytes, (first + row) * half);
      }
    }
  }

  private void turn(MemorySegment qkv, long offset, int angle) {
    long further = offset + (long) half * Float.BYTES;
    for (int i = 0; i < half; i++) {
      long step = (long) i * Float.BYTES;
      float x = qkv.get(ValueLayout.JAVA_FLOAT, offset + step);
      float y = qkv.get(ValueLayout.JAVA_FLOAT, further + step);
      float cosine = table[angle + i];
      float sine = table[sines + angle + i];
      qkv.set(ValueLayout.JAVA_FLOAT, offset + step, x * cosine - y * sine);
      qkv.set(ValueLayout.JAVA_FLOAT, further + step, y * cosine + x * sine);
    }
  }
}
