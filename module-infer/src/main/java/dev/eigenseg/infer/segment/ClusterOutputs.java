package dev.eigenseg.infer.segment;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.psi.PsiInput;
import dev.eigenseg.infer.psi.PsiNetwork;
import java.util.Optional;

/**
 * Owns a model's packed weights: what gives patches their logits, by psi, by centroids, or by
 * centroids of psi's hidden features. The model is not needed any more once this exists.
 * Thread-safe, until it is closed.
 */
public final class ClusterOutputs implements AutoCloseable {
  private final int clusters;
  private final FeatureScales scales;
  private final Optional<PsiNetwork> psi;
  private final Optional<Centroids> centroids;

  /** Packs a model, which is borrowed. */
  public ClusterOutputs(SegmenterModel model) {
    clusters = model.info().clusters();
    scales = model.scales();
    psi = PsiNetwork.of(model);
    try {
      centroids =
          Optional.ofNullable(model.tensors().get(SegmenterModel.CENTROIDS))
              .map(rows -> new Centroids(rows, model.normalizeRows()));
    } catch (RuntimeException | Error e) {
      psi.ifPresent(PsiNetwork::close);
      throw e;
    }
  }

  /**
   * The logits of patches.
   *
   * @param features of the model's backbone; borrowed
   * @return float32 {@code [patches, clusters]}; the caller owns it
   */
  public Tensor logits(PatchFeatures features, int threads) {
    Tensor logits = Tensor.allocate(DType.F32, features.patches(), clusters);
    try {
      fill(features, logits, threads);
      return logits;
    } catch (RuntimeException | Error e) {
      logits.close();
      throw e;
    }
  }

  private void fill(PatchFeatures features, Tensor logits, int threads) {
    if (psi.isEmpty()) {
      centroids.orElseThrow().logits(features.high(), logits, threads);
      return;
    }
    PsiNetwork network = psi.get();
    int patches = features.patches();
    try (Tensor input = Tensor.allocate(DType.F32, patches, network.config().inputDim())) {
      PsiInput.concat(features, scales, input);
      if (centroids.isEmpty()) {
        network.logits(input, logits, threads);
        return;
      }
      try (Tensor hidden = Tensor.allocate(DType.F32, patches, network.config().hidden())) {
        network.hidden(input, hidden, threads);
        centroids.get().logits(hidden, logits, threads);
      }
    }
  }

  @Override
  public void close() {
    PsiNetwork network = psi.orElse(null);
    Centroids rows = centroids.orElse(null);
    try (network;
        rows) {
      // Both are closed, even if one fails.
    }
  }
}
