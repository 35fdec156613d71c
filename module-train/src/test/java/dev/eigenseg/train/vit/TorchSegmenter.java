package dev.eigenseg.train.vit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.FeatureScales;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.train.neuralef.Psi;
import dev.eigenseg.train.neuralef.PsiParameters;
import dev.eigenseg.train.neuralef.Torch;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Owns a model and its Vision Transformer, both run by DJL from the pixels to the clusters: what
 * the segmenter of the inference module is compared with.
 */
final class TorchSegmenter implements AutoCloseable {
  private static final int BILINEAR = 1; // its place in ai.djl.modality.cv.Image.Interpolation

  private final SegmenterFile file;
  private final TorchVitBackbone backbone;
  private final NDManager manager;
  private final PsiParameters weights;

  private TorchSegmenter(SegmenterFile file, TorchVitBackbone backbone, NDManager manager) {
    this.file = file;
    this.backbone = backbone;
    this.manager = manager;
    weights =
        PsiParameters.copyOf(
            manager, file.model().psi().orElseThrow(), name -> file.model().tensors().get(name));
  }

  static TorchSegmenter open(Path model, Path checkpoint) throws IOException {
    SegmenterFile file = SegmenterFile.open(model);
    TorchVitBackbone backbone =
        TorchVitBackbone.open(checkpoint, "cpu", file.info().backboneSettings());
    return new TorchSegmenter(file, backbone, Torch.engine().newBaseManager());
  }

  Segmentation segment(BufferedImage image) {
    SegmenterModel model = file.model();
    ImageGeometry geometry = model.info().geometry();
    try (Tensor pixels = geometry.pixels(image);
        PatchFeatures features = backbone.extract(pixels);
        NDManager scope = manager.newSubManager()) {
      Psi psi = new Psi(model.psi().orElseThrow(), weights.views(scope));
      NDArray logits = psi.head(psi.hidden(input(scope, features, model.scales())));
      NDArray clusters =
          logits
              .transpose(0, 2, 1)
              .reshape(1, model.info().clusters(), features.gridRows(), features.gridColumns())
              .getNDArrayInternal()
              .interpolation(new long[] {pixels.size(1), pixels.size(2)}, BILINEAR, false)
              .argMax(1);
      return crop(
          clusters.toLongArray(),
          Math.toIntExact(pixels.size(2)),
          image.getWidth(),
          image.getHeight(),
          model.info().clusters());
    }
  }

  private static NDArray input(NDManager scope, PatchFeatures features, FeatureScales scales) {
    return NDArrays.concat(
        new NDList(
            level(scope, features.low(), scales.low()),
            level(scope, features.mid(), scales.mid()),
            level(scope, features.high(), scales.high())),
        2);
  }

  private static NDArray level(NDManager scope, Tensor level, float scale) {
    return Torch.share(scope, level.segment(), 1, level.size(0), level.size(1)).div(scale);
  }

  // The image lies at the top left of the padded grid; images are not resized here.
  private static Segmentation crop(
      long[] clusters, int stride, int width, int height, int clusterCount) {
    int[] labels = new int[width * height];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        labels[y * width + x] = (int) clusters[y * stride + x];
      }
    }
    return Segmentation.of(width, height, clusterCount, labels, Optional.empty());
  }

  @Override
  public void close() {
    try (file;
        backbone;
        manager;
        weights) {
      // All are closed, even if one fails.
    }
  }
}
