package dev.eigenseg.train.evaluation;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jgrapht.alg.matching.KuhnMunkresMinimalWeightBipartitePerfectMatching;
import org.jgrapht.graph.DefaultWeightedEdge;
import org.jgrapht.graph.SimpleWeightedGraph;

/** The one-to-one matching of clusters and classes on which most pixels agree. */
final class Assignment {
  private Assignment() {}

  /**
   * The class of each cluster; -1 for the clusters left over if there are more of them than
   * classes.
   */
  static int[] maximise(ConfusionMatrix confusion) {
    int clusters = confusion.clusters();
    // The solver wants two sides of one size: what is added agrees with nobody, and stands for "no
    // partner".
    int side = Math.max(clusters, confusion.classes());
    long most = largest(confusion);
    var graph = new SimpleWeightedGraph<Integer, DefaultWeightedEdge>(DefaultWeightedEdge.class);
    Set<Integer> left = new LinkedHashSet<>();
    Set<Integer> right = new LinkedHashSet<>();
    for (int i = 0; i < side; i++) {
      graph.addVertex(i);
      graph.addVertex(side + i);
      left.add(i);
      right.add(side + i);
    }
    for (int cluster = 0; cluster < side; cluster++) {
      for (int c = 0; c < side; c++) {
        boolean real = cluster < clusters && c < confusion.classes();
        long agreeing = real ? confusion.count(cluster, c) : 0;
        // Counts stay below 2^53, where doubles are exact.
        graph.setEdgeWeight(graph.addEdge(cluster, side + c), (double) (most - agreeing));
      }
    }
    int[] classOfCluster = new int[clusters];
    Arrays.fill(classOfCluster, -1);
    for (DefaultWeightedEdge edge :
        new KuhnMunkresMinimalWeightBipartitePerfectMatching<>(graph, left, right).getMatching()) {
      int cluster = graph.getEdgeSource(edge);
      int c = graph.getEdgeTarget(edge) - side;
      if (cluster < clusters && c < confusion.classes()) {
        classOfCluster[cluster] = c;
      }
    }
    return classOfCluster;
  }

  private static long largest(ConfusionMatrix confusion) {
    long largest = 0;
    for (int cluster = 0; cluster < confusion.clusters(); cluster++) {
      for (int c = 0; c < confusion.classes(); c++) {
        largest = Math.max(largest, confusion.count(cluster, c));
      }
    }
    return largest;
  }
}
