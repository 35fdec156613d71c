package dev.eigenseg.infer.segment;

import dev.eigenseg.api.RegionOptions;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * Cuts one image into connected regions of like patches: Ward's agglomeration (1963) of patches
 * that touch, by the two terms that the kernel is made of, features and colours. A patch is the
 * point {@code (f / |f|, sqrt(alpha) (r, g, b))}, with colours from 0 to 1; merging regions of n
 * and m patches costs {@code n m / (n + m)} times the squared distance of their means, and the
 * cheapest merge is made until none costs less than a share of all patches. The number of regions
 * follows, and does not change if the same image is seen on a finer grid.
 *
 * <p>Time grows with the number of patches and its logarithm, memory with the number of patches.
 */
final class RegionMerging {
  private static final int COLORS = 3;

  private final int dim;
  private final float[][] means; // of the nodes that are still there, else null
  private final int[] sizes;
  private final int[][] neighbors;
  private final int[] parents;
  private final PriorityQueue<Merge> merges = new PriorityQueue<>();
  private int nodes;

  /** Two touching regions. Equal costs are ordered by number, so that results can be repeated. */
  private record Merge(double cost, int first, int second) implements Comparable<Merge> {
    @Override
    public int compareTo(Merge other) {
      int order = Double.compare(cost, other.cost);
      order = order != 0 ? order : Integer.compare(first, other.first);
      return order != 0 ? order : Integer.compare(second, other.second);
    }
  }

  private RegionMerging(Tensor features, Tensor colors, int rows, int columns, double alpha) {
    int patches = Math.multiplyExact(rows, columns);
    dim = Math.toIntExact(features.size(1));
    means = new float[2 * patches][];
    sizes = new int[2 * patches];
    neighbors = new int[2 * patches][];
    parents = new int[2 * patches];
    nodes = patches;
    Arrays.fill(sizes, 0, patches, 1);
    for (int patch = 0; patch < patches; patch++) {
      means[patch] = point(features.segment(), colors.segment(), patch, (float) Math.sqrt(alpha));
      neighbors[patch] = touching(patch, rows, columns);
      parents[patch] = patch;
    }
    for (int patch = 0; patch < patches; patch++) {
      for (int other : neighbors[patch]) {
        if (patch < other) {
          merges.add(new Merge(cost(patch, other), patch, other));
        }
      }
    }
  }

  private float[] point(MemorySegment features, MemorySegment colors, int patch, float weight) {
    float[] point = new float[dim + COLORS];
    MemorySegment.copy(
        features, ValueLayout.JAVA_FLOAT, (long) patch * dim * Float.BYTES, point, 0, dim);
    double squares = 0;
    for (int c = 0; c < dim; c++) {
      squares += (double) point[c] * point[c];
    }
    float scale = squares > 0 ? (float) (1 / Math.sqrt(squares)) : 0;
    for (int c = 0; c < dim; c++) {
      point[c] *= scale;
    }
    for (int c = 0; c < COLORS; c++) {
      point[dim + c] =
          weight * colors.getAtIndex(ValueLayout.JAVA_FLOAT, (long) patch * COLORS + c);
    }
    return point;
  }

  private static int[] touching(int patch, int rows, int columns) {
    int row = patch / columns;
    int column = patch % columns;
    int[] found = new int[4];
    int count = 0;
    if (row > 0) {
      found[count++] = patch - columns;
    }
    if (column > 0) {
      found[count++] = patch - 1;
    }
    if (column < columns - 1) {
      found[count++] = patch + 1;
    }
    if (row < rows - 1) {
      found[count++] = patch + columns;
    }
    return Arrays.copyOf(found, count);
  }

  /**
   * The regions of an image.
   *
   * @param features float32 {@code [rows * columns, dim]}, patches row by row; borrowed
   * @param colors float32 {@code [rows * columns, 3]}, from 0 to 1; borrowed
   * @param rows patches from top to bottom
   * @param columns patches from left to right
   * @return the region of each patch, numbered from 0 in the order of their first patches
   */
  static int[] regions(
      Tensor features, Tensor colors, int rows, int columns, RegionOptions options) {
    RegionMerging merging = new RegionMerging(features, colors, rows, columns, options.alpha());
    merging.mergeBelow(options.share() * rows * columns);
    return merging.numbered(rows * columns);
  }

  private void mergeBelow(double limit) {
    CallScope scope = CallScope.current();
    while (!merges.isEmpty() && merges.peek().cost < limit) {
      scope.check();
      Merge merge = merges.remove();
      if (means[merge.first] != null && means[merge.second] != null) {
        merge(merge.first, merge.second);
      }
    }
  }

  private void merge(int first, int second) {
    int merged = nodes++;
    int size = sizes[first] + sizes[second];
    float[] mean = means[first];
    float share = (float) sizes[second] / size;
    for (int c = 0; c < mean.length; c++) {
      mean[c] += share * (means[second][c] - mean[c]);
    }
    sizes[merged] = size;
    means[merged] = mean;
    means[first] = null;
    means[second] = null;
    parents[first] = merged;
    parents[second] = merged;
    parents[merged] = merged;
    neighbors[merged] = united(neighbors[first], neighbors[second], first, second);
    neighbors[first] = null;
    neighbors[second] = null;
    for (int other : neighbors[merged]) {
      replace(other, first, second, merged);
      merges.add(new Merge(cost(other, merged), other, merged));
    }
  }

  private static int[] united(int[] left, int[] right, int first, int second) {
    int[] all = Arrays.copyOf(left, left.length + right.length);
    System.arraycopy(right, 0, all, left.length, right.length);
    return Arrays.stream(all)
        .filter(node -> node != first && node != second)
        .sorted()
        .distinct()
        .toArray();
  }

  /** In a neighbour's list the merged region takes the place of its parts. */
  private void replace(int node, int first, int second, int merged) {
    int[] old = neighbors[node];
    int[] list = new int[old.length + 1];
    int count = 0;
    for (int other : old) {
      if (other != first && other != second) {
        list[count++] = other;
      }
    }
    list[count++] = merged;
    neighbors[node] = Arrays.copyOf(list, count);
  }

  private double cost(int first, int second) {
    float[] a = means[first];
    float[] b = means[second];
    float squares = 0;
    for (int c = 0; c < a.length; c++) {
      float difference = a[c] - b[c];
      squares += difference * difference;
    }
    double n = sizes[first];
    double m = sizes[second];
    return n * m / (n + m) * squares;
  }

  private int[] numbered(int patches) {
    int[] numberOf = new int[nodes];
    Arrays.fill(numberOf, -1);
    int[] regions = new int[patches];
    int count = 0;
    for (int patch = 0; patch < patches; patch++) {
      int node = root(patch);
      if (numberOf[node] < 0) {
        numberOf[node] = count++;
      }
      regions[patch] = numberOf[node];
    }
    return regions;
  }

  private int root(int patch) {
    int node = patch;
    while (parents[node] != node) {
      parents[node] = parents[parents[node]]; // halves the path
      node = parents[node];
    }
    return node;
  }
}
