package dev.eigenseg.infer.crf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.TestSeed;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LatticeTest {
  @Test
  void verticesAreNumberedByTheirNames() {
    Random random = TestSeed.random();
    for (int size : new int[] {0, 1, 7, 5000, 20_000}) {
      long[] names = random.longs(size, 0, 1 + size).map(name -> name * 12345678901L).toArray();
      int[] numbers = new int[size];
      long[] distinct = VertexIndex.number(names, numbers);
      assertArrayEquals(Arrays.stream(names).sorted().distinct().toArray(), distinct);
      for (int i = 0; i < size; i++) {
        assertEquals(names[i], distinct[numbers[i]]);
      }
    }
  }

  @Test
  void chainsAreRunsOfNeighbours() {
    Random random = TestSeed.random();
    for (int trial = 0; trial < 50; trial++) {
      long[] names = random.longs(random.nextInt(200), 0, 300).sorted().distinct().toArray();
      long step = 1L + random.nextInt(20);
      float[] values = Fixtures.gaussian(random, names.length, 1);
      float[] expected = blurred(names, step, values);
      Chains chains = Chains.along(names, random.nextBoolean() ? step : -step);
      int at = 0;
      for (int length = 2; length < chains.counts().length; length++) {
        for (int i = 0; i < chains.counts()[length]; i++, at += length) {
          Lattice.blur(chains.vertices(), at, length, values);
        }
      }
      assertEquals(chains.vertices().length, at);
      assertArrayEquals(expected, values, 1e-6f);
    }
  }

  /** The oracle: neighbours are looked up by name. */
  private static float[] blurred(long[] names, long step, float[] values) {
    Map<Long, Float> byName = new HashMap<>();
    for (int i = 0; i < names.length; i++) {
      byName.put(names[i], values[i]);
    }
    float[] blurred = values.clone();
    for (int i = 0; i < names.length; i++) {
      blurred[i] += 0.5f * byName.getOrDefault(names[i] - step, 0f);
      blurred[i] += 0.5f * byName.getOrDefault(names[i] + step, 0f);
    }
    return blurred;
  }

  @Test
  void pointsLieBetweenVerticesThatAreNeighbours() {
    Random random = TestSeed.random();
    for (int dimensions = 1; dimensions <= 6; dimensions++) {
      int axes = dimensions + 1;
      float[] features = Fixtures.gaussian(random, 100 * dimensions, 5);
      float[] low = new float[dimensions];
      float[] high = new float[dimensions];
      Arrays.fill(low, -40);
      Arrays.fill(high, 40);
      Embedding embedding = new Embedding(low, high);
      long[] steps = new long[axes];
      Arrays.setAll(steps, embedding::step);
      assertEquals(0, Arrays.stream(steps).sum()); // a step along every axis leads back
      long[] names = new long[axes];
      float[] weights = new float[axes];
      Embedding.Point point = embedding.point();
      for (int i = 0; i < 100; i++) {
        point.locate(features, i * dimensions, names, weights, 0);
        float sum = 0;
        long[] walked = new long[axes];
        for (int k = 0; k < axes; k++) {
          assertTrue(weights[k] > -1e-4 && weights[k] < 1 + 1e-4, "weight " + weights[k]);
          sum += weights[k];
          walked[k] = names[(k + 1) % axes] - names[k];
        }
        assertEquals(1, sum, 1e-5);
        Arrays.sort(walked);
        assertArrayEquals(Arrays.stream(steps).sorted().toArray(), walked);
      }
    }
  }
}
