package dev.eigenseg.train;

import dev.eigenseg.api.Dendrogram;
import java.util.Arrays;

/**
 * Merges clusters two by two by average linkage: those come first whose mean kernel is the largest,
 * a(A, B) = C_AB / (m_A m_B), in units of the mean over all pairs of patches. With the degrees of a
 * graph as masses this is how often a random walk steps from one to the other, by that of chance
 * (Bonald et al., "Hierarchical Graph Clustering using Node Pair Sampling", 2018). A merge's
 * affinity is never larger than those before it.
 */
final class Agglomeration {
  private final double[][] sums;
  private final double[] masses;
  private final int[] nodes;
  private final boolean[] gone;
  private final double unit;

  private Agglomeration(ClusterKernel kernel) {
    int count = kernel.masses().length;
    sums = Arrays.stream(kernel.sums()).map(double[]::clone).toArray(double[][]::new);
    masses = kernel.masses().clone();
    nodes = new int[count];
    Arrays.setAll(nodes, node -> node);
    gone = new boolean[count];
    double mass = Arrays.stream(masses).sum();
    double sum = Arrays.stream(sums).flatMapToDouble(Arrays::stream).sum();
    unit = sum > 0 ? mass * mass / sum : 1;
  }

  /**
   * Merges all.
   *
   * @param clusters for those that no patch has: they join the cluster that they come closest to,
   *     before anything else
   */
  static Dendrogram of(ClusterKernel kernel, BankClusters clusters) {
    Agglomeration work = new Agglomeration(kernel);
    int count = kernel.masses().length;
    long[] patches = clusters.patches();
    int[] first = new int[count - 1];
    int[] second = new int[count - 1];
    double[] affinities = new double[count - 1];
    int merge = 0;
    for (int cluster = 0; cluster < count; cluster++) {
      if (patches[cluster] == 0) {
        affinities[merge] = Double.POSITIVE_INFINITY;
        work.merge(clusters.neighbor(cluster), cluster, merge++, first, second);
      }
    }
    int empty = merge;
    double last = Double.POSITIVE_INFINITY;
    for (; merge < count - 1; merge++) {
      int[] pair = work.closest();
      last = Math.min(last, Math.max(0, work.affinity(pair[0], pair[1])));
      affinities[merge] = last;
      work.merge(pair[0], pair[1], merge, first, second);
    }
    Arrays.fill(affinities, 0, empty, empty < affinities.length ? affinities[empty] : 1);
    return new Dendrogram(kernel.source(), patches, first, second, affinities);
  }

  private double affinity(int a, int b) {
    double mass = masses[a] * masses[b];
    return mass > 0 ? unit * sums[a][b] / mass : 0;
  }

  /** The next two, of equally close ones the lightest, so that islands do not gather in one. */
  private int[] closest() {
    int[] best = {-1, -1};
    double most = Double.NEGATIVE_INFINITY;
    double lightest = Double.POSITIVE_INFINITY;
    for (int a = 0; a < masses.length; a++) {
      for (int b = a + 1; b < masses.length && !gone[a]; b++) {
        if (gone[b]) {
          continue;
        }
        double affinity = affinity(a, b);
        double mass = masses[a] + masses[b];
        if (affinity > most || (affinity == most && mass < lightest)) {
          most = affinity;
          lightest = mass;
          best[0] = a;
          best[1] = b;
        }
      }
    }
    return best;
  }

  /** Cluster b becomes part of a. */
  private void merge(int a, int b, int merge, int[] first, int[] second) {
    first[merge] = nodes[a];
    second[merge] = nodes[b];
    nodes[a] = masses.length + merge;
    gone[b] = true;
    masses[a] += masses[b];
    for (int other = 0; other < masses.length; other++) {
      sums[a][other] += sums[b][other];
    }
    for (int other = 0; other < masses.length; other++) {
      sums[other][a] += sums[other][b];
    }
  }
}
