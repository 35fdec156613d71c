package dev.eigenseg.api;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * In which order a model's clusters merge, from all of them to one: cut anywhere, it gives segments
 * of any number. Immutable.
 *
 * <p>Nodes are numbered as in SciPy's linkages: node c below K is cluster c, node K + i is what
 * merge i made.
 *
 * @param source what decided, {@code "graph"} or {@code "features"}
 * @param patches how many patches of the bank each of the K clusters has
 * @param first a node of each of the K - 1 merges
 * @param second the other one
 * @param affinities how alike both were, in units of what chance would give: at least 0 and never
 *     rising
 */
@SuppressWarnings("ArrayRecordComponent")
public record Dendrogram(
    String source, long[] patches, int[] first, int[] second, double[] affinities) {
  private static final double CHANCE = 1;

  /**
   * Copies the arrays and checks that they are one tree.
   *
   * @throws IllegalArgumentException if they are not
   */
  public Dendrogram {
    patches = patches.clone();
    first = first.clone();
    second = second.clone();
    affinities = affinities.clone();
    int clusters = patches.length;
    int merges = clusters - 1;
    if (clusters < 1
        || first.length != merges
        || second.length != merges
        || affinities.length != merges) {
      throw new IllegalArgumentException(
          "%d, %d and %d numbers for the merges of %d clusters"
              .formatted(first.length, second.length, affinities.length, clusters));
    }
    if (Arrays.stream(patches).anyMatch(count -> count < 0)) {
      throw new IllegalArgumentException("clusters of " + Arrays.toString(patches) + " patches");
    }
    boolean[] merged = new boolean[clusters + merges];
    double last = Double.POSITIVE_INFINITY;
    for (int i = 0; i < merges; i++) {
      take(first[i], clusters + i, merged);
      take(second[i], clusters + i, merged);
      if (!(affinities[i] >= 0 && affinities[i] <= last) || Double.isInfinite(affinities[i])) {
        throw new IllegalArgumentException(
            "merge %d has affinity %s after %s".formatted(i, affinities[i], last));
      }
      last = affinities[i];
    }
  }

  private static void take(int node, int end, boolean[] merged) {
    if (node < 0 || node >= end || merged[node]) {
      throw new IllegalArgumentException(
          "node %d merges where there are %d, or a second time".formatted(node, end));
    }
    merged[node] = true;
  }

  @Override
  public long[] patches() {
    return patches.clone();
  }

  @Override
  public int[] first() {
    return first.clone();
  }

  @Override
  public int[] second() {
    return second.clone();
  }

  @Override
  public double[] affinities() {
    return affinities.clone();
  }

  /** The number K of clusters. */
  public int clusters() {
    return patches.length;
  }

  /**
   * The segment of each cluster if there are to be so many segments: the first K - N merges.
   * Segments are numbered from 0 by falling number of patches in the bank, equal ones by their
   * lowest cluster. Segments of more are parts of segments of fewer.
   *
   * @param segments N, from 1 to K
   * @throws BadInputException if there are fewer clusters
   */
  public int[] cut(int segments) {
    int clusters = clusters();
    if (segments < 1 || segments > clusters) {
      throw new BadInputException(
          "%d segments of a model with %d clusters: ask for 1 to %d"
              .formatted(segments, clusters, clusters));
    }
    return numbered(roots(clusters - segments));
  }

  /** For each cluster the node that it belongs to after so many merges. */
  private int[] roots(int merges) {
    int clusters = clusters();
    int[] parent = IntStream.range(0, clusters + merges).toArray();
    for (int i = 0; i < merges; i++) {
      parent[first[i]] = clusters + i;
      parent[second[i]] = clusters + i;
    }
    int[] roots = new int[clusters];
    for (int cluster = 0; cluster < clusters; cluster++) {
      int node = cluster;
      while (parent[node] != node) {
        node = parent[node];
      }
      roots[cluster] = node;
    }
    return roots;
  }

  private int[] numbered(int[] roots) {
    long[] patchesOfRoot = new long[Arrays.stream(roots).max().orElseThrow() + 1];
    for (int cluster = 0; cluster < roots.length; cluster++) {
      patchesOfRoot[roots[cluster]] += patches[cluster];
    }
    List<Integer> order = // a stable sort keeps the order of the lowest clusters
        Arrays.stream(roots)
            .distinct()
            .boxed()
            .sorted(Comparator.comparingLong((Integer root) -> patchesOfRoot[root]).reversed())
            .toList();
    return Arrays.stream(roots).map(order::indexOf).toArray();
  }

  /**
   * How many segments there are if nobody says how many: those that are left when all have merged
   * that are at least as alike as chance would have it, affinity 1.
   */
  public int natural() {
    return 1 + (int) Arrays.stream(affinities).filter(affinity -> affinity < CHANCE).count();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Dendrogram(var from, var counts, var left, var right, var alike)
        && from.equals(source)
        && Arrays.equals(counts, patches)
        && Arrays.equals(left, first)
        && Arrays.equals(right, second)
        && Arrays.equals(alike, affinities);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(first) * 31 + Arrays.hashCode(second);
  }

  @Override
  public String toString() {
    return "dendrogram of %d clusters by %s".formatted(clusters(), source);
  }
}
