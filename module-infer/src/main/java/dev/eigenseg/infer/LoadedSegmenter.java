package dev.eigenseg.infer;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.layer.InUse;
import java.awt.image.BufferedImage;
import java.util.Optional;

/**
 * Owns a model's packed weights and its backbone. The file is not needed any more once this exists.
 * Thread-safe; every call works in its caller's thread.
 */
final class LoadedSegmenter implements Segmenter {
  private final ModelInfo info;
  private final FeatureScales scales;
  private final Backbone backbone;
  private final Optional<PsiNetwork> psi;
  private final Optional<Centroids> centroids;
  private final InUse inUse = new InUse("this segmenter");

  /** Packs a model; {@code backbone} is owned by the segmenter once this returns. */
  LoadedSegmenter(SegmenterModel model, Backbone backbone) {
    info = model.info();
    scales = model.scales();
    this.backbone = backbone;
    psi = model.network();
    try {
      centroids =
          Optional.ofNullable(model.tensors().get(SegmenterModel.CENTROIDS))
              .map(rows -> new Centroids(rows, model.normalizeRows()));
    } catch (RuntimeException | Error e) {
      psi.ifPresent(PsiNetwork::close);
      throw e;
    }
  }

  @Override
  public ModelInfo info() {
    return info;
  }

  @Override
  public Backbone backbone() {
    return backbone;
  }

  @Override
  public Segmentation segment(BufferedImage image, SegmentOptions options) {
    inUse.enter();
    try (Tensor pixels = info.geometry().pixels(image);
        PatchFeatures features = backbone.extract(pixels, options.threads())) {
      return upsample(features, image.getWidth(), image.getHeight());
    } finally {
      inUse.leave();
    }
  }

  @Override
  public Segmentation segment(PatchFeatures features, int width, int height) {
    inUse.enter();
    try {
      return upsample(features, width, height);
    } finally {
      inUse.leave();
    }
  }

  private Segmentation upsample(PatchFeatures features, int width, int height) {
    checkFits(features, width, height);
    try (Tensor logits = Tensor.allocate(DType.F32, features.patches(), info.clusters())) {
      logits(features, logits);
      return Upsampler.argmax(
          logits,
          features.gridRows(),
          features.gridColumns(),
          info.geometry(),
          width,
          height,
          info.names());
    }
  }

  private void checkFits(PatchFeatures features, int width, int height) {
    int rows = info.geometry().gridRows(width, height);
    int columns = info.geometry().gridColumns(width, height);
    if (features.gridRows() != rows || features.gridColumns() != columns) {
      throw new BadInputException(
          "features of %d x %d patches do not belong to an image of %d x %d pixels, which has %d x %d; extract them with this model's geometry"
              .formatted(
                  features.gridColumns(), features.gridRows(), width, height, columns, rows));
    }
    Backbone.FeatureDims dims = backbone.dims();
    if (features.low().size(1) != dims.low()
        || features.mid().size(1) != dims.mid()
        || features.high().size(1) != dims.high()) {
      throw new IncompatibleException(
          "features %s, %s, %s are not of backbone '%s', which gives %s"
              .formatted(features.low(), features.mid(), features.high(), backbone.id(), dims));
    }
  }

  private void logits(PatchFeatures features, Tensor logits) {
    if (psi.isEmpty()) {
      centroids.orElseThrow().logits(features.high(), logits);
      return;
    }
    PsiNetwork network = psi.get();
    int patches = features.patches();
    try (Tensor input = Tensor.allocate(DType.F32, patches, network.config().inputDim())) {
      PsiInput.concat(features, scales, input);
      if (centroids.isEmpty()) {
        network.logits(input, logits);
        return;
      }
      try (Tensor hidden = Tensor.allocate(DType.F32, patches, network.config().hidden())) {
        network.hidden(input, hidden);
        centroids.get().logits(hidden, logits);
      }
    }
  }

  @Override
  public void close() {
    if (inUse.close()) {
      PsiNetwork network = psi.orElse(null);
      Centroids rows = centroids.orElse(null);
      try (backbone;
          network;
          rows) {
        // Each is closed, even if another one fails.
      }
    }
  }
}
