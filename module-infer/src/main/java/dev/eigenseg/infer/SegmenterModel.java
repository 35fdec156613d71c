package dev.eigenseg.infer;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Everything that a segmenter file holds.
 *
 * @param info method, clusters, backbone, geometry, names and how clusters merge
 * @param dims channels of the backbone's levels
 * @param scales what each level is divided by before psi; k-means on features reads them unscaled
 * @param psi psi's shape; present for the methods that use it
 * @param normalizeRows whether k-means compares rows divided by their L2 norm
 * @param logitDivisor what logits are divided by before any softmax
 * @param provenance where the model comes from
 * @param tensors the weights, float32, by the names of {@link #weightShapes}; borrowed
 */
public record SegmenterModel(
    ModelInfo info,
    FeatureDims dims,
    FeatureScales scales,
    Optional<PsiConfig> psi,
    boolean normalizeRows,
    float logitDivisor,
    Provenance provenance,
    SequencedMap<String, Tensor> tensors) {
  /** The divisor of a model that is trained here: the last temperature of training. */
  public static final float LOGIT_DIVISOR = 0.3f;

  /** The name of the centroids, {@code [clusters, dim]}. */
  public static final String CENTROIDS = "centroids";

  /** Checks that all parts belong together. */
  public SegmenterModel {
    SegmenterMethod method = methodOf(info);
    require(info.clusters() > 0, "a model of %d clusters", info.clusters());
    require(
        method.usesPsi() == psi.isPresent(),
        "a %s model %s",
        method.text(),
        method.usesPsi() ? "needs psi" : "has no psi");
    require(
        logitDivisor > 0 && logitDivisor < Float.POSITIVE_INFINITY,
        "the logit divisor is %s, expected a positive number",
        logitDivisor);
    if (info.names().isPresent()) {
      int named = info.names().get().classOfCluster().length;
      require(named == info.clusters(), "names for %d of %d clusters", named, info.clusters());
    }
    if (info.dendrogram().isPresent()) {
      int leaves = info.dendrogram().get().clusters();
      require(leaves == info.clusters(), "merges of %d of %d clusters", leaves, info.clusters());
    }
    if (psi.isPresent()) {
      checkPsi(psi.get(), dims, method, info.clusters());
    }
    tensors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tensors));
    checkWeights(weightShapes(method, info.clusters(), dims, psi), tensors);
  }

  /**
   * The SHA-256 of the method and of the checksums of all weights, as 64 hexadecimal digits, which
   * tells the clusters of two trainings apart. Names and merges change nothing.
   */
  public String fingerprint() {
    StringBuilder sums = new StringBuilder(info.method());
    tensors.forEach((name, tensor) ->
        sums.append(' ').append(name).append(' ').append(Hashes.crc32c(tensor.segment())));
    return Hashes.sha256(sums.toString());
  }

  private static void checkPsi(
      PsiConfig psi, FeatureDims dims, SegmenterMethod method, int clusters) {
    require(
        psi.low() == dims.low() && psi.mid() == dims.mid() && psi.high() == dims.high(),
        "psi reads other features, %s, than the backbone gives, %s",
        psi,
        dims);
    require(
        method.usesCentroids() || psi.clusters() == clusters,
        "psi has %d outputs in a model of %d clusters",
        psi.clusters(),
        clusters);
  }

  private static void checkWeights(
      SequencedMap<String, long[]> shapes, SequencedMap<String, Tensor> tensors) {
    for (Map.Entry<String, long[]> expected : shapes.entrySet()) {
      Tensor tensor = tensors.get(expected.getKey());
      require(tensor != null, "the weight '%s' is missing", expected.getKey());
      if (tensor.dtype() != DType.F32 || !Arrays.equals(tensor.shape(), expected.getValue())) {
        throw new IllegalArgumentException(
            "'%s' is %s, expected F32%s"
                .formatted(expected.getKey(), tensor, Arrays.toString(expected.getValue())));
      }
    }
    for (String name : tensors.sequencedKeySet()) {
      require(shapes.containsKey(name), "unexpected weight '%s'", name);
    }
  }

  // Messages are made where they are needed: the first text of a record has its code spun at run
  // time, which took a first mask 70 ms.
  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
  private static void require(boolean condition, String format, Object... found) {
    if (!condition) {
      throw new IllegalArgumentException(format.formatted(found));
    }
  }

  private static SegmenterMethod methodOf(ModelInfo info) {
    return SegmenterMethod.find(info.method())
        .orElseThrow(() -> new IllegalArgumentException("unknown method '" + info.method() + "'"));
  }

  private static SequencedMap<String, long[]> weightShapes(
      SegmenterMethod method, int clusters, FeatureDims dims, Optional<PsiConfig> psi) {
    SequencedMap<String, long[]> shapes =
        psi.map(PsiConfig::weightShapes).orElseGet(LinkedHashMap::new);
    if (method.usesCentroids()) {
      long dim = psi.map(PsiConfig::hidden).orElse(dims.high());
      shapes.put(CENTROIDS, new long[] {clusters, dim});
    }
    return shapes;
  }

  /** The method. */
  public SegmenterMethod method() {
    return methodOf(info);
  }

  /** The names and shapes of the weights that the method needs: psi's, the centroids, or both. */
  public SequencedMap<String, long[]> weightShapes() {
    return weightShapes(method(), info.clusters(), dims, psi);
  }

  /** The same model with names for its clusters. */
  public SegmenterModel withNames(ClusterNames names) {
    return with(info.withNames(names));
  }

  /** The same model with an order in which its clusters merge. */
  public SegmenterModel withDendrogram(Dendrogram dendrogram) {
    return with(info.withDendrogram(dendrogram));
  }

  private SegmenterModel with(ModelInfo value) {
    return new SegmenterModel(
        value, dims, scales, psi, normalizeRows, logitDivisor, provenance, tensors);
  }
}
