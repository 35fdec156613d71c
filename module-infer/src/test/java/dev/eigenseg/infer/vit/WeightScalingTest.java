package dev.eigenseg.infer.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightScalingTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4095, 4096, 4097, 9000})
  void scalesTheseValuesAndNoOthers(int count) {
    int before = 3;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment weights = arena.allocate((before + count + 2L) * Float.BYTES, 64);
      for (int i = 0; i < before + count + 2; i++) {
        weights.setAtIndex(ValueLayout.JAVA_FLOAT, i, i + 1);
      }
      WeightScaling.scale(0.37f, weights, before * 4L, count);
      for (int i = 0; i < before + count + 2; i++) {
        boolean scaled = i >= before && i < before + count;
        float expected = scaled ? (i + 1) * 0.37f : i + 1;
        assertEquals(expected, weights.getAtIndex(ValueLayout.JAVA_FLOAT, i), "value " + i);
      }
    }
  }
}
