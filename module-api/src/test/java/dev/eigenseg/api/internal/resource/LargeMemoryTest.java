package dev.eigenseg.api.internal.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class LargeMemoryTest {
  @Test
  void hugePagesAreAskedForOnLinux() {
    // The build lets this module call native code.
    assertEquals(System.getProperty("os.name").equals("Linux"), LargeMemory.refusal().isEmpty());
  }

  @Test
  void anySizeCanBeWrittenAndIsFreedWithItsArena() {
    for (long bytes : new long[] {1, 4096, (2L << 20) - 1, 2L << 20, (5L << 20) + 3}) {
      MemorySegment memory;
      try (Arena arena = Arena.ofShared()) {
        memory = LargeMemory.allocate(arena, bytes);
        assertEquals(bytes, memory.byteSize());
        assertEquals(0, memory.address() % 64);
        memory.fill((byte) 7);
        assertEquals(7, memory.get(ValueLayout.JAVA_BYTE, bytes - 1));
        assertThrows(
            IndexOutOfBoundsException.class, () -> memory.get(ValueLayout.JAVA_BYTE, bytes));
      }
      assertThrows(IllegalStateException.class, () -> memory.get(ValueLayout.JAVA_BYTE, 0));
    }
  }
}
