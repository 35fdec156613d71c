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
 */
public record ModelInfo(
    String method,
    int clusters,
    String backboneId,
    String backboneSha256,
    String backboneSpec,
    Map<String, String> backboneSettings,
    ImageGeometry geometry,
    Optional<ClusterNames> names) {
  /** Copies the settings. */
  public ModelInfo {
    backboneSettings = Map.copyOf(backboneSettings);
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
        names);
  }
}
