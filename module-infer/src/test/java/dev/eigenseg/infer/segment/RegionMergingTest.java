package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.eigenseg.api.RegionOptions;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.TestSeed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RegionMergingTest {
  private static final double ALPHA = 0.3;

  /** Ward's agglomeration as the textbook has it: all pairs are looked at before every merge. */
  private static int[] textbook(
      float[] features, float[] colors, int rows, int columns, double share) {
    int patches = rows * columns;
    int dim = features.length / patches;
    List<List<Integer>> regions = new ArrayList<>();
    for (int patch = 0; patch < patches; patch++) {
      regions.add(new ArrayList<>(List.of(patch)));
    }
    while (true) {
      double least = share * patches;
      List<Integer> first = null;
      List<Integer> second = null;
      for (List<Integer> a : regions) {
        for (List<Integer> b : regions) {
          if (!a.equals(b) && touch(a, b, columns)) {
            double cost = cost(a, b, features, colors, dim);
            if (cost < least) {
              least = cost;
              first = a;
              second = b;
            }
          }
        }
      }
      if (first == null) {
        break;
      }
      first.addAll(second);
      regions.remove(second);
    }
    int[] result = new int[patches];
    int number = 0;
    Arrays.fill(result, -1);
    for (int patch = 0; patch < patches; patch++) {
      if (result[patch] < 0) {
        for (List<Integer> region : regions) {
          if (region.contains(patch)) {
            for (int member : region) {
              result[member] = number;
            }
          }
        }
        number++;
      }
    }
    return result;
  }

  private static boolean touch(List<Integer> a, List<Integer> b, int columns) {
    for (int p : a) {
      for (int q : b) {
        int rows = Math.abs(p / columns - q / columns);
        int sides = Math.abs(p % columns - q % columns);
        if (rows + sides == 1) {
          return true;
        }
      }
    }
    return false;
  }

  private static double cost(List<Integer> a, List<Integer> b, float[] f, float[] rgb, int dim) {
    double squares = 0;
    double[] left = mean(a, f, rgb, dim);
    double[] right = mean(b, f, rgb, dim);
    for (int c = 0; c < left.length; c++) {
      squares += (left[c] - right[c]) * (left[c] - right[c]);
    }
    return squares * a.size() * b.size() / (a.size() + b.size());
  }

  private static double[] mean(List<Integer> region, float[] features, float[] colors, int dim) {
    double[] mean = new double[dim + 3];
    for (int patch : region) {
      double squares = 0;
      for (int c = 0; c < dim; c++) {
        squares += (double) features[patch * dim + c] * features[patch * dim + c];
      }
      for (int c = 0; c < dim; c++) {
        mean[c] += features[patch * dim + c] / Math.sqrt(squares) / region.size();
      }
      for (int c = 0; c < 3; c++) {
        mean[dim + c] += Math.sqrt(ALPHA) * colors[patch * 3 + c] / region.size();
      }
    }
    return mean;
  }

  private static int[] regions(
      float[] features, float[] colors, int rows, int columns, double share) {
    long patches = (long) rows * columns;
    try (Tensor f = Tensor.of(features, patches, features.length / patches);
        Tensor rgb = Tensor.of(colors, patches, 3)) {
      return RegionMerging.regions(f, rgb, rows, columns, new RegionOptions(ALPHA, share));
    }
  }

  private static float[] colors(Random random, int patches) {
    float[] colors = new float[3 * patches];
    for (int i = 0; i < colors.length; i++) {
      colors[i] = random.nextFloat();
    }
    return colors;
  }

  @Test
  void agreesWithTheTextbook() {
    Random random = TestSeed.random();
    int rows = 7;
    int columns = 9;
    float[] features = Fixtures.gaussian(random, rows * columns * 5, 1);
    float[] colors = colors(random, rows * columns);
    for (double share : new double[] {0.002, 0.01, 0.03, 0.1}) {
      assertArrayEquals(
          textbook(features, colors, rows, columns, share),
          regions(features, colors, rows, columns, share));
    }
  }

  @Test
  void partsThatDoNotTouchStayApart() {
    float[] features = new float[5 * 2];
    for (int patch = 0; patch < 5; patch++) {
      features[2 * patch + (patch == 2 ? 1 : 0)] = 3; // a line of one thing, cut by another
    }
    assertArrayEquals(new int[] {0, 0, 1, 2, 2}, regions(features, new float[15], 1, 5, 0.05));
  }

  @Test
  void aFinerGridOfTheSameHasTheSameRegions() {
    Random random = TestSeed.random();
    int rows = 6;
    int columns = 8;
    int dim = 4;
    float[] features = Fixtures.gaussian(random, rows * columns * dim, 1);
    float[] colors = colors(random, rows * columns);
    int[] coarse = regions(features, colors, rows, columns, 0.02);
    int[] fine =
        regions(
            twice(features, rows, columns, dim),
            twice(colors, rows, columns, 3),
            2 * rows,
            2 * columns,
            0.02);
    for (int row = 0; row < 2 * rows; row++) {
      for (int column = 0; column < 2 * columns; column++) {
        assertEquals(coarse[row / 2 * columns + column / 2], fine[row * 2 * columns + column]);
      }
    }
  }

  private static float[] twice(float[] values, int rows, int columns, int dim) {
    float[] twice = new float[4 * values.length];
    for (int row = 0; row < 2 * rows; row++) {
      for (int column = 0; column < 2 * columns; column++) {
        System.arraycopy(
            values,
            (row / 2 * columns + column / 2) * dim,
            twice,
            (row * 2 * columns + column) * dim,
            dim);
      }
    }
    return twice;
  }

  @Test
  void aRowWithoutLengthIsNoNumberlessPlace() {
    float[] features = {0, 0, 1, 0, 1, 0};
    assertArrayEquals(new int[] {0, 1, 1}, regions(features, new float[9], 1, 3, 0.1));
  }
}
