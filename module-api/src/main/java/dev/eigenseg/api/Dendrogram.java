package dev.eigenseg.api;

import java.util.ArrayList;
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
 * @param affinities how alike both were, at least 0 and never rising
 */
@SuppressWarnings("ArrayRecordComponent")
public record Dendrogram(
    String source, long[] patches, int[] first, int[] second, double[] affinities) {
  // Below one in a million of what chance would give, two clusters have nothing to do with each
  // other; the logarithms of such affinities would be the largest gaps of all.
  private static final double LEAST_AFFINITY = 1e-6;
  // Of an image. What covers less does not decide where the others are cut, it follows.
  private static final double DECIDING_SHARE = 0.01;

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
   * Merges the clusters of one image, as many as it seems to have kinds of things: the merges of
   * those that are in it are undone from the end up to the largest fall of the affinity, as a
   * ratio. Clusters of less than a hundredth of the image do not decide. An image of one or two
   * clusters keeps them.
   *
   * @param counts the image's pixels by cluster
   * @return for each cluster the one that stands for its segment: the most frequent of the image's
   *     in it. A cluster that is not in the image stands for itself
   */
  public int[] segments(long[] counts) {
    if (counts.length != clusters()) {
      throw new IllegalArgumentException(
          "counts of %d clusters, not %d".formatted(counts.length, clusters()));
    }
    int[] roots = roots(mergesFor(counts));
    int[] standsFor = new int[roots.length];
    for (int cluster = 0; cluster < roots.length; cluster++) {
      int most = cluster;
      for (int other = 0; other < roots.length && counts[cluster] > 0; other++) {
        if (roots[other] == roots[cluster] && counts[other] > counts[most]) {
          most = other;
        } else if (roots[other] == roots[cluster] && counts[other] == counts[most]) {
          most = Math.min(most, other);
        }
      }
      standsFor[cluster] = most;
    }
    return standsFor;
  }

  /** How many of all merges are done in an image. */
  private int mergesFor(long[] counts) {
    double least = DECIDING_SHARE * Arrays.stream(counts).sum();
    int clusters = clusters();
    boolean[] decides = new boolean[clusters + first.length];
    for (int cluster = 0; cluster < clusters; cluster++) {
      decides[cluster] = counts[cluster] > 0 && counts[cluster] >= least;
    }
    List<Integer> between = new ArrayList<>(); // merges that make the image's segments fewer
    for (int i = 0; i < first.length; i++) {
      if (decides[first[i]] && decides[second[i]]) {
        between.add(i);
      }
      decides[clusters + i] = decides[first[i]] || decides[second[i]];
    }
    int merges = 0;
    double most = 0;
    for (int i = 1; i < between.size(); i++) {
      double fall = logarithm(between.get(i - 1)) - logarithm(between.get(i));
      if (fall > most) {
        most = fall;
        merges = between.get(i);
      }
    }
    return merges;
  }

  private double logarithm(int merge) {
    return Math.log(Math.max(LEAST_AFFINITY, affinities[merge]));
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
