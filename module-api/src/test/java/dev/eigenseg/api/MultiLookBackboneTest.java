package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MultiLookBackboneTest {
  private static final int PATCH = 4;

  /**
   * Every level of a patch: the mean red of its pixels, the green of its first pixel, and 1. Keeps
   * the sizes that it was shown.
   */
  private static final class Seeing implements Backbone {
    private final StringBuilder shown = new StringBuilder();
    private boolean closed;

    @Override
    public String id() {
      return "seeing";
    }

    @Override
    public String sha256() {
      return "0";
    }

    @Override
    public int patchSize() {
      return PATCH;
    }

    @Override
    public FeatureDims dims() {
      return new FeatureDims(3, 3, 3);
    }

    @Override
    public PatchFeatures extract(Tensor pixels) {
      shown.append(pixels.size(1)).append('x').append(pixels.size(2)).append(' ');
      int rows = Math.toIntExact(pixels.size(1) / PATCH);
      int columns = Math.toIntExact(pixels.size(2) / PATCH);
      return new PatchFeatures(rows, columns, level(pixels), level(pixels), level(pixels));
    }

    private static Tensor level(Tensor pixels) {
      long height = pixels.size(1);
      long width = pixels.size(2);
      Tensor level = Tensor.allocate(DType.F32, height / PATCH * (width / PATCH), 3);
      long place = 0;
      for (long y = 0; y < height; y += PATCH) {
        for (long x = 0; x < width; x += PATCH) {
          float red = 0;
          for (long i = 0; i < PATCH * PATCH; i++) {
            red += pixels.get((y + i / PATCH) * width + x + i % PATCH) / (PATCH * PATCH);
          }
          level.set(place++, red);
          level.set(place++, pixels.get((height + y) * width + x));
          level.set(place++, 1);
        }
      }
      return level;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  /** A plane of values by the formula of bilinear resampling with half-pixel centres. */
  private static double resampled(double[][] from, int rows, int columns, int row, int column) {
    double v = Math.clamp((row + 0.5) * from.length / rows - 0.5, 0, from.length - 1);
    double u = Math.clamp((column + 0.5) * from[0].length / columns - 0.5, 0, from[0].length - 1);
    double sum = 0;
    for (int j = 0; j < from.length; j++) {
      for (int i = 0; i < from[0].length; i++) {
        sum += Math.max(0, 1 - Math.abs(v - j)) * Math.max(0, 1 - Math.abs(u - i)) * from[j][i];
      }
    }
    return sum;
  }

  private static double[][] plane(Tensor pixels, int channel, int height, int width) {
    double[][] plane = new double[height][width];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        plane[y][x] = pixels.get(((long) channel * height + y) * width + x);
      }
    }
    return plane;
  }

  private static double[][] mirrored(double[][] plane) {
    return Arrays.stream(plane)
        .map(row -> {
          double[] turned = new double[row.length];
          for (int x = 0; x < row.length; x++) {
            turned[x] = row[row.length - 1 - x];
          }
          return turned;
        })
        .toArray(double[][]::new);
  }

  /** What one look at red and green planes adds to the fine grid, channel by channel. */
  private static double[][][] look(
      double[][] red, double[][] green, int height, int width, int rows, int columns) {
    int lookRows = height / PATCH;
    int lookColumns = width / PATCH;
    double[][][] grid = new double[3][lookRows][lookColumns];
    for (int y = 0; y < lookRows; y++) {
      for (int x = 0; x < lookColumns; x++) {
        double mean = 0;
        for (int i = 0; i < PATCH * PATCH; i++) {
          mean +=
              resampled(red, height, width, y * PATCH + i / PATCH, x * PATCH + i % PATCH)
                  / (PATCH * PATCH);
        }
        double corner = resampled(green, height, width, y * PATCH, x * PATCH);
        double length = Math.sqrt(mean * mean + corner * corner + 1);
        grid[0][y][x] = mean / length;
        grid[1][y][x] = corner / length;
        grid[2][y][x] = 1 / length;
      }
    }
    double[][][] fine = new double[3][rows][columns];
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
          fine[c][y][x] = resampled(grid[c], rows, columns, y, x);
        }
      }
    }
    return fine;
  }

  @Test
  void featuresAreTheMeanOfAllLooksOnTheGridThatIsAskedFor() throws IOException {
    int height = 4 * PATCH;
    int width = 6 * PATCH;
    int rows = 2 * height / PATCH;
    int columns = 2 * width / PATCH;
    Seeing seeing = new Seeing();
    try (Backbone backbone =
            Backbones.looking(
                Map.of("looks", "1,2,0.5", "mirror-looks", "true", "finer", "2", "heads", "6"),
                own -> {
                  assertEquals(Map.of("heads", "6"), own);
                  return seeing;
                });
        Tensor pixels = Tensor.allocate(DType.F32, 3, height, width)) {
      assertEquals(PATCH / 2, backbone.patchSize());
      assertEquals(
          Map.of("looks", "1,2,0.5", "mirror-looks", "true", "finer", "2"), backbone.settings());
      Random random = new Random(5);
      for (long i = 0; i < pixels.size(); i++) {
        pixels.set(i, random.nextFloat());
      }
      double[][][] expected = new double[3][rows][columns];
      for (double scale : new double[] {1, 2, 0.5}) {
        int h = (int) (height * scale);
        int w = (int) (width * scale);
        double[][] red = plane(pixels, 0, height, width);
        double[][] green = plane(pixels, 1, height, width);
        double[][][] straight = look(red, green, h, w, rows, columns);
        double[][][] turned = look(mirrored(red), mirrored(green), h, w, rows, columns);
        for (int c = 0; c < 3; c++) {
          double[][] back = mirrored(turned[c]);
          for (int i = 0; i < rows * columns; i++) {
            expected[c][i / columns][i % columns] +=
                straight[c][i / columns][i % columns] + back[i / columns][i % columns];
          }
        }
      }
      try (PatchFeatures features = backbone.extract(pixels)) {
        assertEquals(rows, features.gridRows());
        assertEquals(columns, features.gridColumns());
        for (int i = 0; i < rows * columns; i++) {
          double squares = 0;
          for (double[][] channel : expected) {
            squares += Math.pow(channel[i / columns][i % columns], 2);
          }
          float[] found = features.mid().slice(i, 1).toFloats();
          for (int c = 0; c < 3; c++) {
            double value = expected[c][i / columns][i % columns] / Math.sqrt(squares / 3);
            assertEquals(value, found[c], 1e-4, "patch %d, channel %d".formatted(i, c));
          }
        }
        assertArrayEquals(features.low().toFloats(), features.high().toFloats());
      }
      assertEquals("16x24 16x24 32x48 32x48 8x12 8x12 ", seeing.shown.toString());
    }
    assertTrue(seeing.closed);
  }

  @Test
  void sizesAreRoundedToWholePatches() throws IOException {
    Seeing seeing = new Seeing();
    try (Backbone backbone =
            Backbones.looking(Map.of("looks", "1.5,2", "finer", "2"), own -> seeing);
        Tensor pixels = Tensor.allocate(DType.F32, 3, 6, 10);
        PatchFeatures features = backbone.extract(pixels)) {
      assertEquals(3, features.gridRows());
      assertEquals(5, features.gridColumns());
      assertEquals("8x16 12x20 ", seeing.shown.toString());
    }
  }

  @Test
  void onlyABackboneOfSeveralLooksHasAFinerGrid() throws IOException {
    Seeing seeing = new Seeing();
    Backbone coarse = Backbones.looking(Map.of("looks", "1,2"), own -> seeing);
    assertEquals(PATCH, coarse.patchSize());
    try (Backbone fine = Backbones.finer(coarse, 4)) {
      assertEquals(1, fine.patchSize());
      assertEquals(Map.of("looks", "1,2", "finer", "4"), fine.settings());
      assertTrue(Backbones.equalButForTheGrid(coarse.settings(), fine.settings()));
      assertFalse(Backbones.equalButForTheGrid(Map.of("looks", "1"), fine.settings()));
      assertFalse(seeing.closed);
    }
    assertTrue(seeing.closed);
    Seeing single = new Seeing();
    assertThrows(BadInputException.class, () -> Backbones.finer(single, 2));
    assertTrue(single.closed);
    Seeing odd = new Seeing();
    Backbone three = Backbones.looking(Map.of("looks", "1,2"), own -> odd);
    assertThrows(BadInputException.class, () -> Backbones.finer(three, 3));
    assertTrue(odd.closed);
  }

  @Test
  void looksThatAreNoneAreRefusedAndTheBackboneClosed() {
    for (String looks : new String[] {"0", "9", "two", "", "1,,2", "NaN"}) {
      Seeing seeing = new Seeing();
      String message =
          assertThrows(
                  BadInputException.class,
                  () -> Backbones.looking(Map.of("looks", looks), own -> seeing))
              .getMessage();
      assertTrue(message.contains("from 0.25 to 8"), message);
      assertTrue(seeing.closed);
    }
  }
}
