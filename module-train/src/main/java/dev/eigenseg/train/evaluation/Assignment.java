package dev.eigenseg.train.evaluation;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jgrapht.alg.matching.MaximumWeightBipartiteMatching;
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
    int classes = confusion.classes();
    // The graph may be rectangular: padding it to a square for the Kuhn-Munkres solver took 80
    // times
    // as long for 512 clusters and 27 classes.
    var graph = new SimpleWeightedGraph<Integer, DefaultWeightedEdge>(DefaultWeightedEdge.class);
    Set<Integer> clusterNodes = new LinkedHashSet<>();
    Set<Integer> classNodes = new LinkedHashSet<>();
    for (int cluster = 0; cluster < clusters; cluster++) {
      graph.addVertex(cluster);
      clusterNodes.add(cluster);
    }
    for (int c = 0; c < classes; c++) {
      graph.addVertex(clusters + c);
      classNodes.add(clusters + c);
    }
    // Every pair is worth a little even without a common pixel, too little to outweigh one: so as
    // many as possible get partners.
    // The products stay below 2^53, where doubles are exact.
    double pixel = Math.min(clusters, classes) + 1;
    for (int cluster = 0; cluster < clusters; cluster++) {
      for (int c = 0; c < classes; c++) {
        graph.setEdgeWeight(
            graph.addEdge(cluster, clusters + c), confusion.count(cluster, c) * pixel + 1);
      }
    }
    int[] classOfCluster = new int[clusters];
    Arrays.fill(classOfCluster, -1);
    // The solver searches once from every node of the first side, so that is the smaller one.
    boolean fewClasses = classes < clusters;
    for (DefaultWeightedEdge edge :
        new MaximumWeightBipartiteMatching<>(
                graph,
                fewClasses ? classNodes : clusterNodes,
                fewClasses ? clusterNodes : classNodes)
            .getMatching()) {
      classOfCluster[graph.getEdgeSource(edge)] = graph.getEdgeTarget(edge) - clusters;
    }
    return classOfCluster;
  }
}
