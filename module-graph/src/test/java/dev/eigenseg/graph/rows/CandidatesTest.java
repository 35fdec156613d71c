package dev.eigenseg.graph.rows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.graph.TestSeed;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CandidatesTest {
  @Test
  void keysOrderBySimilarityThenLowerId() {
    float[] rising = {
      Float.NEGATIVE_INFINITY, -1, -0.5f, -Float.MIN_VALUE, 0, Float.MIN_VALUE, 0.5f, 1
    };
    for (int i = 1; i < rising.length; i++) {
      assertTrue(Neighbor.key(rising[i], 9) > Neighbor.key(rising[i - 1], 1));
      assertEquals(rising[i], Neighbor.similarity(Neighbor.key(rising[i], 3)));
    }
    assertTrue(Neighbor.key(0.25f, 3) > Neighbor.key(0.25f, 4));
    assertTrue(Neighbor.key(0.25f, 7) > Neighbor.key(0.25f, 0xFFFF_FFFFL));
    assertEquals(Neighbor.key(0f, 5), Neighbor.key(-0f, 5));
    assertEquals(-1, Neighbor.id(Neighbor.key(1, 0xFFFF_FFFFL)));
  }

  @Test
  void quickselectFindsTheLargest() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      long range = round % 2 == 0 ? Long.MAX_VALUE : 1000;
      int n = 1 + random.nextInt(200);
      int k = 1 + random.nextInt(n);
      long[] values = random.longs().distinct().limit(n).map(v -> v % range).toArray();
      values = Arrays.stream(values).distinct().toArray();
      n = values.length;
      k = Math.min(k, n);
      long[] sorted = values.clone();
      Arrays.sort(sorted);
      assertEquals(sorted[n - k], Candidates.moveLargestToFront(values, n, k), "seed " + seed);
      long[] front = Arrays.copyOf(values, k);
      Arrays.sort(front);
      assertArrayEquals(Arrays.copyOfRange(sorted, n - k, n), front, "seed " + seed);
    }
  }

  @Test
  void unorderedListsAreTakenBackAndPutInOrder() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int count : new int[] {0, 1, 4, 5, 6, 9, 30, 200}) {
      int k = 5;
      long[] scratch = new long[2 * k];
      try (Candidates once = new Candidates(1, k, 2 * k);
          Candidates before = new Candidates(1, k, 2 * k);
          Candidates after = new Candidates(1, k, 2 * k);
          Arena memory = Arena.ofConfined()) {
        NeighborLists expected = lists(memory, k);
        NeighborLists unordered = lists(memory, k);
        NeighborLists found = lists(memory, k);
        for (int i = 0; i < count; i++) {
          long key = Neighbor.key(random.nextFloat(), i);
          once.offer(0, key, scratch);
          before.offer(0, key, scratch);
        }
        before.writeUnordered(0, 0, unordered, scratch);
        after.load(0, 0, unordered.ids(), unordered.similarities());
        for (int i = 0; i < 20; i++) {
          long key = Neighbor.key(random.nextFloat(), count + i);
          once.offer(0, key, scratch);
          after.offer(0, key, scratch);
        }
        once.write(0, 0, expected, scratch);
        after.writeUnordered(0, 0, unordered, scratch);
        found.writeOrdered(0, unordered, 0, scratch);
        assertArrayEquals(
            expected.ids().toArray(ValueLayout.JAVA_INT),
            found.ids().toArray(ValueLayout.JAVA_INT),
            "%d, seed %d".formatted(count, seed));
        assertArrayEquals(
            expected.similarities().toArray(ValueLayout.JAVA_FLOAT),
            found.similarities().toArray(ValueLayout.JAVA_FLOAT),
            "%d, seed %d".formatted(count, seed));
      }
    }
  }

  private static NeighborLists lists(Arena memory, int k) {
    return new NeighborLists(
        memory.allocate(ValueLayout.JAVA_INT, k), memory.allocate(ValueLayout.JAVA_FLOAT, k), k);
  }
}
