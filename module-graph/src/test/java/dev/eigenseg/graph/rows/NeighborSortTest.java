package dev.eigenseg.graph.rows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.eigenseg.graph.TestSeed;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NeighborSortTest {
  private static void check(String what, IntToDoubleFunction similarity, Random random) {
    for (int count : new int[] {0, 1, 2, 39, 40, 41, 256, 511, 3000}) {
      long[] keys =
          IntStream.range(0, count + 1)
              .mapToLong(
                  i -> Neighbor.key((float) similarity.applyAsDouble(i), random.nextLong(1L << 32)))
              .toArray();
      long[] expected = keys.clone();
      Arrays.sort(expected, 0, count);
      NeighborSort.sort(keys, count);
      assertArrayEquals(expected, keys, "%s, %d keys".formatted(what, count));
    }
  }

  private static float anyNumber(Random random) {
    float drawn = Float.intBitsToFloat(random.nextInt());
    return Float.isNaN(drawn) ? Float.NEGATIVE_INFINITY : drawn;
  }

  @Test
  void sortsAsComparingDoes() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    check("cosines, seed " + seed, _ -> 2 * random.nextDouble() - 1, random);
    check("near one, seed " + seed, _ -> 1 - 1e-6 * random.nextDouble(), random);
    check("one similarity, seed " + seed, _ -> 0.5, random);
    check("few similarities, seed " + seed, _ -> random.nextInt(5) - 2, random);
    check("any float, seed " + seed, _ -> anyNumber(random), random);
    check("sorted, seed " + seed, i -> i, random);
    check("reversed, seed " + seed, i -> -i, random);
  }
}
