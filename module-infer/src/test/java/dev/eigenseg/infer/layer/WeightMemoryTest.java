package dev.eigenseg.infer.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightMemoryTest {
  private static final long[] SIZES = {
    4, 1 << 20, 4096, 3L << 20, 40L << 20, 100, 7L << 20, 31L << 20, 9L << 20, 8L << 20, 12,
    2L << 20
  };

  @Test
  void piecesAreAlignedApartAndFreedTogether() {
    List<MemorySegment> pieces = new ArrayList<>();
    try (WeightMemory memory = new WeightMemory()) {
      for (long size : SIZES) {
        MemorySegment piece = memory.allocate(size, Scratch.ALIGNMENT);
        assertEquals(size, piece.byteSize());
        assertEquals(0, piece.address() % Scratch.ALIGNMENT);
        for (MemorySegment other : pieces) {
          assertTrue(
              piece.address() + size <= other.address()
                  || other.address() + other.byteSize() <= piece.address());
        }
        pieces.add(piece);
      }
      for (int i = 0; i < SIZES.length; i++) {
        pieces.get(i).fill((byte) i);
      }
      for (int i = 0; i < SIZES.length; i++) {
        MemorySegment piece = pieces.get(i);
        assertEquals(i, piece.get(ValueLayout.JAVA_BYTE, 0));
        assertEquals(i, piece.get(ValueLayout.JAVA_BYTE, SIZES[i] - 1));
      }
    }
    for (MemorySegment piece : pieces) {
      assertThrows(IllegalStateException.class, () -> piece.get(ValueLayout.JAVA_BYTE, 0));
    }
  }
}
