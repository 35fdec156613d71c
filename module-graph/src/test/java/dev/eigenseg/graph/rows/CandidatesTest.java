package dev.eigenseg.graph.rows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.graph.TestSeed;
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
}
