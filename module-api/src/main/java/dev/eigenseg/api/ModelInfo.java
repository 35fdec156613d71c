package dev.eigenseg.api;

import java.util.Map;
import java.util.Optional;

/**
 * What a segmenter file says of itself.
 *
 * @param method {@code "neural-eigenfunctions"}, {@code "kmeans-features"} or {@code
 *     "kmeans-hidden"}
 * @param clusters the number K of clusters
 * @param backboneId the backbone's {@link Backbone#id()}
 * @param backboneSha256 the backbone's {@link Backbone#sha256()}
 * @param backboneSpec the specification under which the backbone was opened in training, such as
 *     {@code "torchscript:FILE.pt"}
 * @param backboneSettings the backbone's {@link Backbone#settings()}
 * @param geometry how images become patches
 * @param names the names that a matching gave to the clusters, if any were stored
 * @param dendrogram how the clusters merge; models of before there was one have none
 */
public record ModelInfo(
    String method,
    int clusters,
    String backboneId,
    String backboneSha256,
    String backboneSpec,
    Map<String, String> backboneSettings,
    ImageGeometry geometry,
    Optional<ClusterNames> names,
    Optional<Dendrogram> dendrogram) {
  /** Copies the settings. */
  public ModelInfo {
    backboneSettings = Map.copyOf(backboneSettings);
  }

  /** A model of which is not known how its clusters merge. */
  public ModelInfo(
      String method,
      int clusters,
      String backboneId,
      String backboneSha256,
      String backboneSpec,
      Map<String, String> backboneSettings,
      ImageGeometry geometry,
      Optional<ClusterNames> names) {
    this(
        method,
        clusters,
        backboneId,
        backboneSha256,
        backboneSpec,
        backboneSettings,
        geometry,
        names,
        Optional.empty());
  }

  /** The same model as it is with a backbone that may have another grid than that of training. */
  public ModelInfo on(Backbone backbone) {
    return new ModelInfo(
        method,
        clusters,
        backboneId,
        backboneSha256,
        backboneSpec,
        backbone.settings(),
        geometry.withPatchSize(backbone.patchSize()),
        names,
        dendrogram);
  }

  /** The same with names for its clusters. */
  public ModelInfo withNames(ClusterNames value) {
    return with(clusters, Optional.of(value), dendrogram);
  }

  /** The same with an order in which its clusters merge. */
  public ModelInfo withDendrogram(Dendrogram value) {
    return with(clusters, names, Optional.of(value));
  }

  /**
   * What the model's results say of themselves if its clusters are merged to so many segments: the
   * segments in place of clusters, each with the class that most of its patches have by the names
   * of their clusters.
   *
   * @throws BadInputException if there are fewer clusters
   * @throws IncompatibleException if nothing is known of how the clusters merge
   */
  public ModelInfo merged(int segments) {
    int[] segmentOfCluster = requireDendrogram().cut(segments);
    return with(
        segments, names.map(known -> merged(known, segmentOfCluster, segments)), Optional.empty());
  }

  /**
   * How the clusters merge.
   *
   * @throws IncompatibleException if nothing is known of that; the message says what to do
   */
  public Dendrogram requireDendrogram() {
    return dendrogram.orElseThrow(() ->
        new IncompatibleException(
            "this model does not say how its clusters merge, as it was made before models did;"
                + " 'eigenseg merge-clusters MODEL --bank BANK' adds that to it"));
  }

  private ClusterNames merged(ClusterNames known, int[] segmentOfCluster, int segments) {
    long[] patches = dendrogram.orElseThrow().patches();
    int[] classOfSegment = new int[segments];
    for (int segment = 0; segment < segments; segment++) {
      long[] votes = new long[known.classes().size() + 1]; // the last one for no class
      for (int cluster = 0; cluster < clusters; cluster++) {
        if (segmentOfCluster[cluster] == segment) {
          int index = known.classOf(cluster);
          votes[index < 0 ? votes.length - 1 : index] += Math.max(1, patches[cluster]);
        }
      }
      int most = 0;
      for (int index = 1; index < votes.length; index++) {
        most = votes[index] > votes[most] ? index : most;
      }
      classOfSegment[segment] = most == votes.length - 1 ? -1 : most;
    }
    return new ClusterNames(known.classes(), classOfSegment, known.matching());
  }

  private ModelInfo with(
      int count, Optional<ClusterNames> named, Optional<Dendrogram> howTheyMerge) {
    return new ModelInfo(
        method,
        count,
        backboneId,
        backboneSha256,
        backboneSpec,
        backboneSettings,
        geometry,
        named,
        howTheyMerge);
  }
}
