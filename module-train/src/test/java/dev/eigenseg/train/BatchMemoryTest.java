package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.eigenseg.api.Backbone.FeatureDims;
import org.junit.jupiter.api.Test;

class BatchMemoryTest {
  private static final FeatureDims DIMS = new FeatureDims(2, 3, 4);

  @Test
  void aRoomIsLentAgainUnlessItIsTooSmall() {
    try (BatchMemory memory = new BatchMemory()) {
      BatchMemory.Room room = memory.take(DIMS, 10);
      assertEquals(9, room.input().size(1));
      memory.giveBack(room);
      assertSame(room, memory.take(DIMS, 7));
      memory.giveBack(room);
      BatchMemory.Room larger = memory.take(DIMS, 11);
      assertEquals(11, larger.colors().size(0));
      assertThrows(IllegalStateException.class, () -> room.input().get(0));
      memory.giveBack(larger);
      BatchMemory.Room wider = memory.take(new FeatureDims(2, 3, 5), 11);
      assertEquals(5, wider.high().size(1));
      memory.giveBack(wider);
    }
  }

  @Test
  void givingBackAgainDoesNothing() {
    try (BatchMemory memory = new BatchMemory()) {
      BatchMemory.Room room = memory.take(DIMS, 5);
      memory.giveBack(room);
      memory.giveBack(room);
      BatchMemory.Room again = memory.take(DIMS, 5);
      assertSame(room, again);
      BatchMemory.Room beside = memory.take(DIMS, 5);
      assertNotSame(room, beside);
      assertEquals(0, again.input().get(0));
      memory.giveBack(again);
      memory.giveBack(beside);
      assertThrows(IllegalStateException.class, () -> again.input().get(0));
    }
  }

  @Test
  void whatComesBackAfterTheEndIsFreed() {
    BatchMemory.Room kept;
    BatchMemory.Room late;
    try (BatchMemory memory = new BatchMemory()) {
      kept = memory.take(DIMS, 5);
      late = memory.take(DIMS, 6);
      memory.giveBack(kept);
      try (memory) {
        assertEquals(0, kept.input().get(0));
      }
      assertThrows(IllegalStateException.class, () -> kept.input().get(0));
      assertEquals(0, late.input().get(0));
      memory.giveBack(late);
      assertThrows(IllegalStateException.class, () -> late.input().get(0));
    }
  }
}
