package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.Progress;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.TestSeed;
import dev.eigenseg.infer.crf.CrfCases;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CrfRefinementTest {
  private static final float DIVISOR = 0.3f;

  /** Logits that are given. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Given(int width, int height, int clusters, float[] values) implements PixelLogits {
    @Override
    public void read(int firstRow, int rows, int firstColumn, int columns, MemorySegment target) {
      for (int row = 0; row < rows; row++) {
        int from = ((firstRow + row) * width + firstColumn) * clusters;
        long to = (long) row * columns * clusters * Float.BYTES;
        MemorySegment.copy(values, from, target, ValueLayout.JAVA_FLOAT, to, columns * clusters);
      }
    }
  }

  /** Logits as a trained model gives: a coarse grid, mostly sure of itself, interpolated. */
  private static Given smooth(Random random, int width, int height, int clusters) {
    int cell = 16;
    int gridWidth = width / cell + 2;
    int gridHeight = height / cell + 2;
    float[] grid = new float[gridWidth * gridHeight * clusters];
    for (int i = 0; i < grid.length; i++) {
      grid[i] = (float) random.nextGaussian();
    }
    // A third of the clusters has its place in this image.
    for (int patch = 0; patch < gridWidth * gridHeight; patch++) {
      int home = (patch % gridWidth / 3 + patch / gridWidth / 3 * 7) % Math.ceilDiv(clusters, 3);
      grid[patch * clusters + home] += 4.5f;
    }
    float[] values = new float[width * height * clusters];
    for (int i = 0; i < width * height; i++) {
      int x = i % width;
      int y = i / width;
      int corner = (y / cell * gridWidth + x / cell) * clusters;
      float right = x % cell / (float) cell;
      float down = y % cell / (float) cell;
      for (int k = 0; k < clusters; k++) {
        int at = corner + k;
        int below = at + gridWidth * clusters;
        values[i * clusters + k] =
            (1 - down) * ((1 - right) * grid[at] + right * grid[at + clusters])
                + down * ((1 - right) * grid[below] + right * grid[below + clusters]);
      }
    }
    return new Given(width, height, clusters, values);
  }

  /** Pixels that know nothing of each other; some clusters are rare. */
  private static Given noise(Random random, int width, int height, int clusters) {
    float[] values = Fixtures.gaussian(random, width * height * clusters, 0.5);
    float[] rarity = new float[clusters];
    for (int k = 0; k < clusters; k++) {
      rarity[k] = 5 * random.nextFloat();
    }
    for (int i = 0; i < values.length; i++) {
      values[i] -= rarity[i % clusters];
    }
    return new Given(width, height, clusters, values);
  }

  /** How many clusters are somewhere at least 0.01 times as probable as the best. */
  private static int near(Given logits) {
    int clusters = logits.clusters();
    boolean[] near = new boolean[clusters];
    for (int from = 0; from < logits.values().length; from += clusters) {
      float best = Float.NEGATIVE_INFINITY;
      for (int k = 0; k < clusters; k++) {
        best = Math.max(best, logits.values()[from + k]);
      }
      for (int k = 0; k < clusters; k++) {
        near[k] |= logits.values()[from + k] >= best + DIVISOR * Math.log(0.01);
      }
    }
    return (int) IntStream.range(0, clusters).filter(k -> near[k]).count();
  }

  @Test
  void whatCannotWinMayBeLeftOut() {
    Random random = TestSeed.random();
    for (boolean smooth : new boolean[] {true, false}) {
      int pixels = 0;
      int different = 0;
      int clusters = 0;
      int kept = 0;
      for (int trial = 0; trial < 4; trial++) {
        int width = 32 + random.nextInt(64);
        int height = 32 + random.nextInt(64);
        int number = trial == 0 ? 150 : 10 + random.nextInt(40);
        Given logits =
            smooth ? smooth(random, width, height, number) : noise(random, width, height, number);
        int[] rgb = CrfCases.photograph(random, width, height);
        short[] all =
            CrfRefinement.refine(logits, DIVISOR, rgb, CrfOptions.DEFAULT, 0, 2, Progress.NONE);
        short[] few =
            CrfRefinement.refine(logits, DIVISOR, rgb, CrfOptions.DEFAULT, 2, Progress.NONE);
        for (int i = 0; i < all.length; i++) {
          different += all[i] == few[i] ? 0 : 1;
        }
        pixels += all.length;
        clusters += number;
        kept += near(logits);
      }
      System.out.printf(
          "%s logits: %d of %d clusters kept, %d of %d pixels differ%n",
          smooth ? "smooth" : "random", kept, clusters, different, pixels);
      assertTrue(kept < clusters, "nothing was left out");
      assertTrue(different <= pixels / 1000, different + " of " + pixels);
    }
  }

  @Test
  void refinesWhatTheUnariesSayOfColouredHalves() {
    Random random = TestSeed.random();
    int width = 40;
    int height = 31;
    int[] rgb = new int[width * height];
    float[] logits = Fixtures.gaussian(random, rgb.length * 3, 0.3);
    for (int i = 0; i < rgb.length; i++) {
      boolean left = i % width < 17;
      rgb[i] = left ? 0x204060 : 0xC0A020;
      logits[3 * i + (left ? 2 : 0)] += 0.3f;
    }
    Given given = new Given(width, height, 3, logits);
    for (int threads = 1; threads <= 3; threads++) {
      short[] found =
          CrfRefinement.refine(given, DIVISOR, rgb, CrfOptions.DEFAULT, threads, Progress.NONE);
      for (int i = 0; i < rgb.length; i++) {
        assertEquals(i % width < 17 ? 2 : 0, found[i], "pixel " + i);
      }
    }
  }

  @Test
  void tilesAgreeWithTheWholeImage() {
    Random random = TestSeed.random();
    for (int[] size : new int[][] {{150, 130}, {9, 1500}, {1400, 7}}) {
      Given logits = smooth(random, size[0], size[1], 12);
      int[] rgb = CrfCases.photograph(random, size[0], size[1]);
      // Kernels that are small against a tile of 4096 pixels, as the default's are against one of a
      // million.
      CrfOptions options = new CrfOptions(10, 3, 1, 4, 4, 10, 1 << 20);
      CrfOptions tiled = options.withMaxPixels(4096);
      assertTrue(tiled.tiles(size[0], size[1]).count() > 1);
      short[] whole = CrfRefinement.refine(logits, DIVISOR, rgb, options, 2, Progress.NONE);
      short[] parts = CrfRefinement.refine(logits, DIVISOR, rgb, tiled, 2, Progress.NONE);
      int different = 0;
      for (int i = 0; i < rgb.length; i++) {
        different += whole[i] == parts[i] ? 0 : 1;
      }
      System.out.printf("%d of %d pixels differ in tiles%n", different, rgb.length);
      assertTrue(different <= rgb.length / 100, different + " of " + rgb.length);
      assertArrayEquals(parts, CrfRefinement.refine(logits, DIVISOR, rgb, tiled, 3, Progress.NONE));
    }
  }

  @Test
  void smallImagesOfAnyShape() {
    Random random = TestSeed.random();
    int[][] shapes = {{1, 1, 1}, {1, 1, 5}, {1, 23, 3}, {23, 1, 17}, {2, 3, 512}, {13, 11, 1}};
    for (int[] shape : shapes) {
      Given logits = noise(random, shape[0], shape[1], shape[2]);
      int[] rgb = CrfCases.photograph(random, shape[0], shape[1]);
      short[] one =
          CrfRefinement.refine(logits, DIVISOR, rgb, CrfOptions.DEFAULT, 1, Progress.NONE);
      assertEquals(rgb.length, one.length);
      for (int threads = 2; threads <= 4; threads++) {
        assertArrayEquals(
            one,
            CrfRefinement.refine(logits, DIVISOR, rgb, CrfOptions.DEFAULT, threads, Progress.NONE));
      }
    }
  }

  @Test
  void equallyProbableClustersGoToTheFirst() {
    Given logits = new Given(7, 5, 4, new float[7 * 5 * 4]);
    short[] found =
        CrfRefinement.refine(logits, DIVISOR, new int[35], CrfOptions.DEFAULT, 2, Progress.NONE);
    assertArrayEquals(new short[35], found);
  }

  @Test
  void aLogitThatIsNotANumberIsRefused() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] values = new float[7 * 5 * 4];
      values[77] = bad;
      Given logits = new Given(7, 5, 4, values);
      assertThrows(
          BadInputException.class,
          () ->
              CrfRefinement.refine(
                  logits, DIVISOR, new int[35], CrfOptions.DEFAULT, 2, Progress.NONE));
    }
  }

  @Test
  void memoryIsFreedWhenReadingFails() {
    for (int failing = 1; failing <= 2; failing++) {
      List<MemorySegment> seen = new ArrayList<>();
      PixelLogits logits = failing(failing, seen);
      assertThrows(
          BadInputException.class,
          () ->
              CrfRefinement.refine(
                  logits, DIVISOR, new int[35], CrfOptions.DEFAULT, 2, Progress.NONE));
      assertEquals(failing, seen.size());
      seen.forEach(segment -> assertFalse(segment.scope().isAlive()));
    }
  }

  private static PixelLogits failing(int call, List<MemorySegment> seen) {
    return new PixelLogits() {
      @Override
      public int width() {
        return 7;
      }

      @Override
      public int height() {
        return 5;
      }

      @Override
      public int clusters() {
        return 2;
      }

      @Override
      public void read(int firstRow, int rows, int firstColumn, int columns, MemorySegment target) {
        seen.add(target);
        if (seen.size() == call) {
          throw new BadInputException("made to fail");
        }
      }
    };
  }
}
