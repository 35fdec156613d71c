package dev.eigenseg.infer.descriptor;

import dev.eigenseg.api.internal.resource.CallScope;
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
  private static final int FARTHEST = DISTANCES[DISTANCES.length - 1];
  private static final int[][] DIRECTIONS = {{1, 0}, {0, 1}, {1, 1}, {-1, 1}};
  private static final int ENERGIES = DISTANCES.length * DIRECTIONS.length;
  private static final int SUMS = 2 * COLORS + ENERGIES;

  private static final int CHROMAS = 2;

  /**
   * Channels of a description: means of the colours, chromas, deviations of the colours, energies.
   */
  static final int CHANNELS = 2 * COLORS + CHROMAS + ENERGIES;

  // Mean and spread on photographs and on the generated scenes, rounded: lightness, red - green,
  // yellow - blue; the latter two
  // over lightness, which changes less in shadow; then the logarithms of deviations and of mean
  // absolute differences.
  private static final float[] COLOR_MEAN = {0.42f, 0.00f, 0.03f};
  private static final float[] COLOR_SPREAD = {0.18f, 0.07f, 0.10f};
  private static final float[] CHROMA_MEAN = {0.0f, 0.1f};
  private static final float[] CHROMA_SPREAD = {0.16f, 0.3f};
  private static final float[] DEVIATION_MEAN = {-2.9f, -4.0f, -3.6f};
  private static final float DEVIATION_SPREAD = 0.8f;
  private static final float[] ENERGY_MEAN = {-3.9f, -3.5f, -3.1f};
  private static final float ENERGY_SPREAD = 0.7f;

  private static final float CHROMA_FLOOR =
      0.1f; // keeps the chroma of dark pixels from being noise
  private static final float LOG_FLOOR = 0.004f; // one step of 8-bit pixels
  private static final float CLIP = 3; // outliers would decide cosines alone
  // The deviations and energies are many and alike: with full weight they would outvote the
  // colours.
  private static final float TEXTURE_WEIGHT = 0.5f;

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
    PatchStatistics statistics = new PatchStatistics(height / PATCH, width / PATCH);
    // Band by band, each with the rows below it that differences reach: the colours of a large
    // photograph would fill the heap.
    CallScope scope = CallScope.current();
    for (int row = 0; row < statistics.rows; row++) {
      scope.check();
      int lines = Math.min(height - row * PATCH, PATCH + FARTHEST);
      statistics.addBand(opponentColors(pixels, row * PATCH, lines), row);
    }
    return statistics;
  }

  private void addBand(float[][] planes, int row) {
    for (int color = 0; color < COLORS; color++) {
      addColor(planes[color], row, color);
    }
    int energy = 2 * COLORS;
    for (int distance : DISTANCES) {
      for (int[] direction : DIRECTIONS) {
        addDifferences(planes[0], row, direction[0] * distance, direction[1] * distance, energy++);
      }
    }
  }

  /** Lightness, red - green and yellow - blue of some lines. */
  private static float[][] opponentColors(Tensor rgb, int firstLine, int lines) {
    int size = Math.toIntExact(lines * rgb.size(2));
    float[][] planes = new float[COLORS][size];
    float[] red = lines(rgb, 0, firstLine, size);
    float[] green = lines(rgb, 1, firstLine, size);
    float[] blue = lines(rgb, 2, firstLine, size);
    for (int i = 0; i < size; i++) {
      planes[0][i] = (red[i] + green[i] + blue[i]) * (1 / 3f);
      planes[1][i] = red[i] - green[i];
      planes[2][i] = (red[i] + green[i]) * 0.5f - blue[i];
    }
    return planes;
  }

  private static float[] lines(Tensor rgb, int channel, int firstLine, int size) {
    float[] values = new float[size];
    long first = (channel * rgb.size(1) + firstLine) * rgb.size(2);
    MemorySegment.copy(rgb.segment(), ValueLayout.JAVA_FLOAT, first * Float.BYTES, values, 0, size);
    return values;
  }

  private void addColor(float[] plane, int row, int color) {
    int width = columns * PATCH;
    float[] sum = new float[width];
    float[] squares = new float[width];
    for (int y = 0; y < PATCH; y++) {
      for (int x = 0; x < width; x++) {
        float value = plane[y * width + x];
        sum[x] += value;
        squares[x] += value * value;
      }
    }
    addColumns(sum, row, color);
    addColumns(squares, row, COLORS + color);
  }

  /**
   * Adds |difference| of pixels that lie (dx, dy) apart; beyond the image's border its outermost
   * pixels continue.
   */
  private void addDifferences(float[] plane, int row, int dx, int dy, int channel) {
    int width = columns * PATCH;
    int lines = plane.length / width;
    int from = Math.max(0, -dx);
    int to = width - Math.max(0, dx);
    float[] sum = new float[width];
    for (int y = 0; y < PATCH; y++) {
      int here = y * width;
      int there = Math.min(y + dy, lines - 1) * width;
      for (int x = from; x < to; x++) {
        sum[x] += Math.abs(plane[here + x] - plane[there + x + dx]);
      }
      for (int x = 0; x < from; x++) {
        sum[x] += Math.abs(plane[here + x] - plane[there]);
      }
      for (int x = to; x < width; x++) {
        sum[x] += Math.abs(plane[here + x] - plane[there + width - 1]);
      }
    }
    addColumns(sum, row, channel);
  }

  /** Adds sums over the pixel columns of one patch row to its patches. */
  private void addColumns(float[] perColumn, int row, int channel) {
    for (int x = 0; x < perColumn.length; x++) {
      sums[(row * columns + x / PATCH) * SUMS + channel] += perColumn[x];
    }
  }

  /**
   * Describes the squares of {@code 2 * radius + 1} patches around every patch of a row, cut off at
   * the image's border.
   *
   * @return {@code [columns, CHANNELS]}
   */
  float[] describe(int row, int radius) {
    float[] described = new float[columns * CHANNELS];
    double[] pooled = new double[SUMS];
    for (int column = 0; column < columns; column++) {
      int pixels = pool(row, column, radius, pooled) * PATCH * PATCH;
      for (int i = 0; i < SUMS; i++) {
        pooled[i] /= pixels;
      }
      describe(pooled, described, column * CHANNELS);
    }
    return described;
  }

  /** Sums up a square of patches and returns how many they are. */
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

  private static void describe(double[] means, float[] target, int offset) {
    int channel = offset;
    for (int i = 0; i < COLORS; i++) {
      target[channel++] = standard(means[i], COLOR_MEAN[i], COLOR_SPREAD[i]);
    }
    for (int i = 0; i < CHROMAS; i++) {
      double chroma = means[1 + i] / (means[0] + CHROMA_FLOOR);
      target[channel++] = standard(chroma, CHROMA_MEAN[i], CHROMA_SPREAD[i]);
    }
    for (int i = 0; i < COLORS; i++) {
      double deviation = Math.sqrt(Math.max(0, means[COLORS + i] - means[i] * means[i]));
      target[channel++] =
          TEXTURE_WEIGHT * standard(log(deviation), DEVIATION_MEAN[i], DEVIATION_SPREAD);
    }
    for (int i = 0; i < ENERGIES; i++) {
      float mean = ENERGY_MEAN[i / DIRECTIONS.length];
      target[channel++] =
          TEXTURE_WEIGHT * standard(log(means[2 * COLORS + i]), mean, ENERGY_SPREAD);
    }
  }

  // StrictMath, since Math.log may differ in the last bit from one machine to another.
  private static double log(double value) {
    return StrictMath.log(value + LOG_FLOOR);
  }

  private static float standard(double value, float mean, float spread) {
    return Math.clamp((float) ((value - mean) / spread), -CLIP, CLIP);
  }
}
