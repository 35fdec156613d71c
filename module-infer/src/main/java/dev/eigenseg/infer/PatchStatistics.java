package dev.eigenseg.infer;

import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Sums over the pixels of every patch from which the statistics of any square of patches follow
 * exactly: opponent colours, their squares, and the differences of lightness in four directions at
 * three distances.
 */
final class PatchStatistics {
  /** The side of a patch. */
  static final int PATCH = 16;

  private static final int COLORS = 3;
  private static final int[] DISTANCES = {1, 2, 4};
  private static final int[][] DIRECTIONS = {{1, 0}, {0, 1}, {1, 1}, {1, -1}};
  private static final int ENERGIES = DISTANCES.length * 4;

  /** Channels of a description: means and deviations of the colours, and the energies. */
  static final int CHANNELS = 2 * COLORS + ENERGIES;

  private static final int SUMS = CHANNELS;

  // Typical mean and spread on photographs: lightness, red - green, yellow - blue; then their
  // deviations; then the logarithm of
  // the mean absolute differences at each distance.
  private static final float[] COLOR_MEAN = {0.45f, 0.01f, 0.03f};
  private static final float[] COLOR_SPREAD = {0.18f, 0.07f, 0.10f};
  private static final float[] DEVIATION_MEAN = {0.08f, 0.02f, 0.03f};
  private static final float[] DEVIATION_SPREAD = {0.07f, 0.02f, 0.03f};
  private static final float[] ENERGY_MEAN = {-4.2f, -3.8f, -3.3f};
  private static final float ENERGY_SPREAD = 1.1f;
  private static final float ENERGY_FLOOR = 0.002f; // half a step of 8-bit pixels
  // Twelve correlated energies would outvote six colour channels.
  private static final float ENERGY_WEIGHT = 0.5f;

  private final int rows;
  private final int columns;
  private final double[] sums; // [rows, columns, SUMS]

  private PatchStatistics(int rows, int columns) {
    this.rows = rows;
    this.columns = columns;
    sums = new double[Math.multiplyExact(Math.multiplyExact(rows, columns), SUMS)];
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /**
   * Sums over {@code pixels}, {@code [3, height, width]} with sides that are multiples of the
   * patch.
   */
  static PatchStatistics of(Tensor pixels) {
    int height = Math.toIntExact(pixels.size(1));
    int width = Math.toIntExact(pixels.size(2));
    float[][] planes = new float[COLORS][Math.multiplyExact(width, height)];
    opponentColors(pixels.segment(), planes);
    PatchStatistics statistics = new PatchStatistics(height / PATCH, width / PATCH);
    for (int color = 0; color < COLORS; color++) {
      statistics.addColor(planes[color], color);
    }
    int energy = 2 * COLORS;
    for (int distance : DISTANCES) {
      for (int[] direction : DIRECTIONS) {
        statistics.addDifferences(
            planes[0], direction[0] * distance, direction[1] * distance, energy++);
      }
    }
    return statistics;
  }

  /** Lightness, red - green and yellow - blue. */
  private static void opponentColors(MemorySegment rgb, float[][] planes) {
    int size = planes[0].length;
    float[] red = new float[size];
    float[] green = new float[size];
    float[] blue = new float[size];
    long bytes = (long) size * Float.BYTES;
    MemorySegment.copy(rgb, ValueLayout.JAVA_FLOAT, 0, red, 0, size);
    MemorySegment.copy(rgb, ValueLayout.JAVA_FLOAT, bytes, green, 0, size);
    MemorySegment.copy(rgb, ValueLayout.JAVA_FLOAT, 2 * bytes, blue, 0, size);
    for (int i = 0; i < size; i++) {
      planes[0][i] = (red[i] + green[i] + blue[i]) / 3;
      planes[1][i] = red[i] - green[i];
      planes[2][i] = (red[i] + green[i]) / 2 - blue[i];
    }
  }

  private void addColor(float[] plane, int color) {
    int width = columns * PATCH;
    for (int y = 0; y < rows * PATCH; y++) {
      for (int column = 0; column < columns; column++) {
        float sum = 0;
        float squares = 0;
        int start = y * width + column * PATCH;
        for (int i = start; i < start + PATCH; i++) {
          sum += plane[i];
          squares += plane[i] * plane[i];
        }
        int target = (y / PATCH * columns + column) * SUMS + color;
        sums[target] += sum;
        sums[target + COLORS] += squares;
      }
    }
  }

  /**
   * Adds |difference| of pixels that lie (dx, dy) apart, at the image's border of the nearest ones.
   */
  private void addDifferences(float[] plane, int dx, int dy, int channel) {
    int width = columns * PATCH;
    int height = rows * PATCH;
    for (int y = 0; y < height; y++) {
      int other = Math.clamp(y + dy, 0, height - 1) * width;
      for (int column = 0; column < columns; column++) {
        int first = column * PATCH;
        float sum = 0;
        for (int x = first; x < first + PATCH; x++) {
          sum += Math.abs(plane[y * width + x] - plane[other + Math.min(x + dx, width - 1)]);
        }
        sums[(y / PATCH * columns + column) * SUMS + channel] += sum;
      }
    }
  }

  /**
   * Describes the squares of {@code 2 * radius + 1} patches around every patch, cut off at the
   * image's border.
   *
   * @return {@code [patches, CHANNELS]}
   */
  float[] describe(int radius) {
    float[] described = new float[rows * columns * CHANNELS];
    double[] pooled = new double[SUMS];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        int patches = pool(row, column, radius, pooled);
        describe(
            pooled,
            (double) patches * PATCH * PATCH,
            described,
            (row * columns + column) * CHANNELS);
      }
    }
    return described;
  }

  private int pool(int row, int column, int radius, double[] pooled) {
    Arrays.fill(pooled, 0);
    int patches = 0;
    for (int r = Math.max(0, row - radius); r <= Math.min(rows - 1, row + radius); r++) {
      for (int c = Math.max(0, column - radius); c <= Math.min(columns - 1, column + radius); c++) {
        for (int i = 0; i < SUMS; i++) {
          pooled[i] += sums[(r * columns + c) * SUMS + i];
        }
        patches++;
      }
    }
    return patches;
  }

  private static void describe(double[] pooled, double pixels, float[] target, int offset) {
    for (int color = 0; color < COLORS; color++) {
      double mean = pooled[color] / pixels;
      double variance = Math.max(0, pooled[color + COLORS] / pixels - mean * mean);
      target[offset + color] = (float) ((mean - COLOR_MEAN[color]) / COLOR_SPREAD[color]);
      target[offset + COLORS + color] =
          (float) ((Math.sqrt(variance) - DEVIATION_MEAN[color]) / DEVIATION_SPREAD[color]);
    }
    for (int i = 0; i < ENERGIES; i++) {
      double energy = StrictMath.log(pooled[2 * COLORS + i] / pixels + ENERGY_FLOOR);
      float standard = (float) ((energy - ENERGY_MEAN[i / DIRECTIONS.length]) / ENERGY_SPREAD);
      target[offset + 2 * COLORS + i] = ENERGY_WEIGHT * standard;
    }
  }
}
