package dev.eigenseg.infer;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.vit.PixelNormalization;
import dev.eigenseg.infer.vit.VitBackbone;
import dev.eigenseg.infer.vit.VitConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;

/** Models of plain Vision Transformers with random weights, on disk as they are shipped. */
public final class VitModels {
  private VitModels() {}

  /** As published by timm: patches of 16 pixels, a class token, 64 channels a head. */
  @SuppressWarnings("exports") // tests of this module only
  public static VitConfig timm(int dim, int depth, int grid) {
    return new VitConfig(
        16,
        dim,
        depth,
        dim / 64,
        4 * dim,
        false,
        grid,
        grid,
        true,
        false,
        0,
        1,
        false,
        false,
        true,
        true,
        1e-6f,
        VitConfig.Activation.GELU,
        PixelNormalization.VIT,
        VitConfig.High.TOKENS,
        VitConfig.Positions.BICUBIC,
        Optional.empty());
  }

  /** Opens a model of a Vision Transformer, both with random weights. */
  @SuppressWarnings("exports") // tests of this module only
  public static Segmenter segmenter(Path folder, Random random, VitConfig config, int clusters)
      throws IOException {
    write(folder, random, config, PsiConfig.of(dims(config), 64, 2, 32, 64, 2, clusters));
    return Segmenter.load(folder.resolve("model.safetensors"));
  }

  static FeatureDims dims(VitConfig config) {
    return new FeatureDims(config.dim(), config.dim(), config.dim());
  }

  /** Writes {@code vit.safetensors} and, made on it, {@code model.safetensors}. */
  static void write(Path folder, Random random, VitConfig config, PsiConfig psi)
      throws IOException {
    Path checkpoint = Files.createDirectories(folder).resolve("vit.safetensors");
    SequencedMap<String, Tensor> weights = Fixtures.weights(random, config.weightShapes());
    SafeTensorsWriter.write(checkpoint, Map.of(), weights);
    Fixtures.close(weights);
    try (Backbone backbone = VitBackbone.open(checkpoint, Map.of())) {
      SegmenterModel model = model(random, backbone, psi, "vit:vit.safetensors");
      SegmenterFile.write(folder.resolve("model.safetensors"), model);
      Fixtures.close(model.tensors());
    }
  }

  /** A model on a backbone, which is found again by {@code spec}. */
  static SegmenterModel model(Random random, Backbone backbone, PsiConfig psi, String spec) {
    ModelInfo info =
        new ModelInfo(
            SegmenterMethod.NEURAL_EIGENFUNCTIONS.text(),
            psi.clusters(),
            backbone.id(),
            backbone.sha256(),
            spec,
            backbone.settings(),
            new ImageGeometry(Optional.empty(), backbone.patchSize()),
            Optional.empty());
    return new SegmenterModel(
        info,
        backbone.dims(),
        new FeatureScales(1, 1, 1),
        Optional.of(psi),
        false,
        SegmenterModel.LOGIT_DIVISOR,
        Provenance.here("train", Map.of(), Map.of(), 1, "cpu"),
        Fixtures.weights(random, psi.weightShapes()));
  }
}
