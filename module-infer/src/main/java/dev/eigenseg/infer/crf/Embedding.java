package dev.eigenseg.infer.crf;

import java.util.Arrays;

/**
 * Where points lie in the permutohedral lattice A*_d (Adams, Baek and Davis, 2010): the vertices of
 * the simplex around a point and its barycentric coordinates. Immutable.
 *
 * <p>A vertex is named by one number: its last d coordinates, each above the smallest that can
 * occur, as digits; the last coordinate weighs most. So the neighbour along an axis is a constant
 * away, the same for all vertices, and walking up the sorted vertices walks up their neighbours
 * too.
 */
final class Embedding {
  private final int dimensions;
  private final float[] scale;
  private final long[] place; // what one step of a coordinate adds to a name
  private final long[] step; // what one step along an axis adds to a name
  private final long origin; // the name of the vertex 0

  /**
   * The embedding for points in a box.
   *
   * @throws IllegalArgumentException if the box has more vertices than names; the text says how far
   *     it reaches
   */
  Embedding(float[] smallest, float[] largest) {
    dimensions = smallest.length;
    scale = scales(dimensions);
    place = new long[dimensions + 1];
    long names = 1;
    long zero = 0;
    for (int c = 1; c <= dimensions; c++) {
      place[c] = names;
      long low = coordinate(c, smallest, largest[c - 1]);
      long high = coordinate(c, largest, smallest[c - 1]);
      // Rounding moves a coordinate by up to d + 1, a simplex spans as much, and so does a step.
      long margin = 4L * (dimensions + 1);
      try {
        zero = Math.addExact(zero, Math.multiplyExact(place[c], margin - low));
        names = Math.multiplyExact(names, high - low + 2 * margin);
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException(
            "the features of the CRF span %s standard deviations, too many for its lattice; take larger deviations"
                .formatted(Arrays.toString(spans(smallest, largest))),
            e);
      }
    }
    origin = zero;
    step = steps();
  }

  private static float[] spans(float[] smallest, float[] largest) {
    float[] spans = largest.clone();
    for (int i = 0; i < spans.length; i++) {
      spans[i] -= smallest[i];
    }
    return spans;
  }

  // The lattice's blurs and interpolation together have a variance of (d + 1)^2 2/3 along each
  // axis, which becomes 1 in the units of the features (Adams et al., section 3.1).
  private static float[] scales(int dimensions) {
    float[] scales = new float[dimensions];
    float deviation = (float) (Math.sqrt(2.0 / 3) * (dimensions + 1));
    for (int i = 0; i < dimensions; i++) {
      scales[i] = (float) (1 / Math.sqrt((i + 2) * (i + 1.0))) * deviation;
    }
    return scales;
  }

  private long[] steps() {
    long all = 0;
    for (long one : place) {
      all += one;
    }
    long[] steps = new long[dimensions + 1];
    for (int axis = 0; axis <= dimensions; axis++) {
      steps[axis] = all - (dimensions + 1) * place[axis];
    }
    return steps;
  }

  /** Coordinate c of a point whose feature c - 1 differs from the rest. */
  private long coordinate(int c, float[] others, float own) {
    double sum = -c * (double) own * scale[c - 1];
    for (int i = c; i < dimensions; i++) {
      sum += (double) others[i] * scale[i];
    }
    if (!(Math.abs(sum) < 0x1p40)) {
      throw new IllegalArgumentException(
          "the features of the CRF reach " + sum + " in its lattice; take larger deviations");
    }
    return Math.round(sum);
  }

  int axes() {
    return dimensions + 1;
  }

  /** The difference of the names of neighbours along an axis. */
  long step(int axis) {
    return step[axis];
  }

  /** Room for one point at a time. */
  Point point() {
    return new Point();
  }

  /** Locates one point after another. Not thread-safe. */
  final class Point {
    private final float[] elevated = new float[dimensions + 1];
    private final float[] rounded = new float[dimensions + 1];
    private final int[] rank = new int[dimensions + 1];
    private final int[] axisOfRank = new int[dimensions + 1];
    private final float[] barycentric = new float[dimensions + 2];

    private Point() {}

    /**
     * Finds the simplex of a point.
     *
     * @param features holds its d features from {@code first}
     * @param names receives d + 1 names from {@code target}
     * @param weights receives the barycentric coordinates, which sum to 1, at the same place
     */
    void locate(float[] features, int first, long[] names, float[] weights, int target) {
      elevate(features, first);
      int excess = round();
      rank();
      if (excess != 0) {
        moveToPlane(excess);
      }
      weigh();
      long name = origin;
      for (int i = 0; i <= dimensions; i++) {
        name += place[i] * (long) rounded[i];
        axisOfRank[rank[i]] = i;
      }
      for (int k = 0; k <= dimensions; k++) {
        names[target + k] = name;
        weights[target + k] = barycentric[k];
        name += step[axisOfRank[dimensions - k]];
      }
    }

    /** Onto the plane of coordinates that sum to 0. */
    private void elevate(float[] features, int first) {
      float sum = 0;
      for (int i = dimensions; i > 0; i--) {
        float scaled = features[first + i - 1] * scale[i - 1];
        elevated[i] = sum - i * scaled;
        sum += scaled;
      }
      elevated[0] = sum;
    }

    /** To the nearest multiples of d + 1; returns their sum in that unit. */
    private int round() {
      float unit = 1f / (dimensions + 1);
      int sum = 0;
      for (int i = 0; i <= dimensions; i++) {
        float multiple = (float) Math.rint(elevated[i] * unit);
        rounded[i] = multiple * (dimensions + 1);
        sum += (int) multiple;
      }
      return sum;
    }

    /** Orders the coordinates by what rounding took from them, the largest first. */
    private void rank() {
      Arrays.fill(rank, 0);
      for (int i = 0; i < dimensions; i++) {
        float rest = elevated[i] - rounded[i];
        for (int j = i + 1; j <= dimensions; j++) {
          if (rest < elevated[j] - rounded[j]) {
            rank[i]++;
          } else {
            rank[j]++;
          }
        }
      }
    }

    private void moveToPlane(int excess) {
      for (int i = 0; i <= dimensions; i++) {
        rank[i] += excess;
        if (rank[i] < 0) {
          rank[i] += dimensions + 1;
          rounded[i] += dimensions + 1;
        } else if (rank[i] > dimensions) {
          rank[i] -= dimensions + 1;
          rounded[i] -= dimensions + 1;
        }
      }
    }

    private void weigh() {
      float unit = 1f / (dimensions + 1);
      Arrays.fill(barycentric, 0);
      for (int i = 0; i <= dimensions; i++) {
        float rest = (elevated[i] - rounded[i]) * unit;
        barycentric[dimensions - rank[i]] += rest;
        barycentric[dimensions - rank[i] + 1] -= rest;
      }
      barycentric[0] += 1 + barycentric[dimensions + 1];
    }
  }
}
