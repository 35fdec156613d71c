package dev.eigenseg.infer.vit;

import dev.eigenseg.infer.vit.VitConfig.Positions;
import java.util.Arrays;

/** Fits the position embeddings of a Vision Transformer to a grid of patches. */
final class PositionEmbeddings {
  // What PyTorch takes with antialiasing, and without.
  private static final double CUBIC = -0.5;
  private static final double ALIASED_CUBIC = -0.75;

  /** By how much of a patch DINO's and DINOv2's repositories enlarge the new grid. */
  private static final double OFFSET = 0.1;

  private PositionEmbeddings() {}

  /**
   * The position embeddings of all tokens on a grid.
   *
   * @param embeddings {@code pos_embed} as in the checkpoint
   * @return {@code [prefixTokens + rows * columns, dim]}; zeros for prefix tokens that have no
   *     position
   */
  static float[] fit(float[] embeddings, VitConfig config, int rows, int columns) {
    int dim = config.dim();
    int stored = config.prefixPositions() * dim;
    int prefix = config.prefixTokens() * dim;
    float[] grid = Arrays.copyOfRange(embeddings, stored, embeddings.length);
    float[] fitted = resample(grid, config, rows, columns);
    float[] result = new float[Math.addExact(prefix, fitted.length)];
    System.arraycopy(embeddings, 0, result, 0, stored);
    System.arraycopy(fitted, 0, result, prefix, fitted.length);
    return result;
  }

  private static float[] resample(float[] grid, VitConfig config, int rows, int columns) {
    int fromRows = config.gridRows();
    int fromColumns = config.gridColumns();
    // The paper's code compares the numbers of patches, not the grids.
    boolean same =
        config.positions() == Positions.BILINEAR
            ? rows * columns == fromRows * fromColumns
            : rows == fromRows && columns == fromColumns;
    if (same) {
      return grid;
    }
    int dim = config.dim();
    float[] wide =
        along(grid, fromRows, fromColumns, dim, taps(config.positions(), fromColumns, columns));
    return along(wide, 1, fromRows, columns * dim, taps(config.positions(), fromRows, rows));
  }

  /** Where an output reads its inputs: {@code weights[i]} belongs to input {@code first + i}. */
  @SuppressWarnings("ArrayRecordComponent") // private, and never compared
  private record Taps(int first, float[] weights) {}

  /** Resamples the middle axis of {@code [outer, middle, inner]}. */
  private static float[] along(float[] source, int outer, int middle, int inner, Taps[] taps) {
    float[] result =
        new float[Math.toIntExact(Math.multiplyExact((long) outer * taps.length, inner))];
    for (int o = 0; o < outer; o++) {
      for (int out = 0; out < taps.length; out++) {
        int target = (o * taps.length + out) * inner;
        float[] weights = taps[out].weights();
        for (int i = 0; i < weights.length; i++) {
          int from = (o * middle + taps[out].first() + i) * inner;
          for (int c = 0; c < inner; c++) {
            result[target + c] += weights[i] * source[from + c];
          }
        }
      }
    }
    return result;
  }

  private static Taps[] taps(Positions positions, int from, int to) {
    Taps[] taps = new Taps[to];
    double scale = (double) from / to;
    for (int i = 0; i < to; i++) {
      taps[i] =
          switch (positions) {
            case BICUBIC -> bicubic(scale, i, from);
            case BICUBIC_ALIASED -> aliased(scale, i, from);
            case BICUBIC_OFFSET -> aliased(from / (to + OFFSET), i, from);
            case BILINEAR -> bilinear(scale, i, from);
          };
    }
    return taps;
  }

  // Four neighbours however far the grid shrinks; beyond the first and last one the border repeats.
  private static Taps aliased(double scale, int out, int from) {
    double center = scale * (out + 0.5) - 0.5;
    int nearest = (int) Math.floor(center);
    int first = Math.clamp(nearest - 1, 0, from - 1);
    int last = Math.clamp(nearest + 2, 0, from - 1);
    float[] weights = new float[last - first + 1];
    for (int i = nearest - 1; i <= nearest + 2; i++) {
      weights[Math.clamp(i, 0, from - 1) - first] += (float) cubic(ALIASED_CUBIC, i - center);
    }
    return new Taps(first, weights);
  }

  // Half-pixel centres; beyond the first and last one the border repeats.
  private static Taps bilinear(double scale, int out, int from) {
    double center = Math.max(0, scale * (out + 0.5) - 0.5);
    int first = Math.min((int) center, from - 1);
    float second = (float) (center - first);
    return first == from - 1
        ? new Taps(first, new float[] {1})
        : new Taps(first, new float[] {1 - second, second});
  }

  // The kernel widens with the scale when the grid shrinks; weights outside the grid are dropped
  // and the rest sums to one.
  private static Taps bicubic(double scale, int out, int from) {
    double stretch = Math.max(1, scale);
    double center = scale * (out + 0.5);
    double support = 2 * stretch;
    int first = Math.max(0, (int) (center - support + 0.5));
    int end = Math.min(from, (int) (center + support + 0.5));
    double[] weights = new double[end - first];
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      weights[i] = cubic(CUBIC, (first + i - center + 0.5) / stretch);
      sum += weights[i];
    }
    float[] normal = new float[weights.length];
    for (int i = 0; i < weights.length; i++) {
      normal[i] = (float) (weights[i] / sum);
    }
    return new Taps(first, normal);
  }

  // R. Keys, "Cubic convolution interpolation for digital image processing", 1981.
  private static double cubic(double a, double distance) {
    double x = Math.abs(distance);
    if (x < 1) {
      return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  }
}
