package dev.eigenseg.infer;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.SafeTensorsWriter;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.crf.CrfCases;
import dev.eigenseg.infer.vit.VitBackbone;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import javax.imageio.ImageIO;

/**
 * Writes what {@code eigenseg bench infer} compares on: {@code vit.safetensors}, a ViT-S/16 of the
 * published shapes (384 x 384 pixels), {@code model.safetensors} with psi of the default shapes for
 * it, {@code photo.png} of 480 x 480 pixels, and {@code crf.png} of 320 x 320. All of it is random.
 */
public final class ComparisonFiles {
  private static final int DIM = 384;
  private static final int DEPTH = 12;
  private static final int MLP = 1536;
  private static final int POSITIONS = 24 * 24 + 1;
  private static final int CLUSTERS = 256;
  private static final int SIDE = 480;
  private static final int CRF_SIDE = 320;

  private ComparisonFiles() {}

  /** Argument: the folder to write to. */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createDirectories(Path.of(args[0]));
    Random random = new Random(1);
    Path checkpoint = folder.resolve("vit.safetensors");
    SequencedMap<String, Tensor> weights = Fixtures.weights(random, weightShapes());
    SafeTensorsWriter.write(checkpoint, Map.of(), weights);
    Fixtures.close(weights);
    try (Backbone backbone = VitBackbone.open(checkpoint, Map.of())) {
      SegmenterModel model = model(random, backbone);
      SegmenterFile.write(folder.resolve("model.safetensors"), model);
      Fixtures.close(model.tensors());
    }
    ImageIO.write(Fixtures.image(random, SIDE, SIDE), "png", folder.resolve("photo.png").toFile());
    // The picture of CrfBenchmark.
    int[] rgb = CrfCases.photograph(new Random(1), CRF_SIDE, CRF_SIDE);
    BufferedImage photograph = new BufferedImage(CRF_SIDE, CRF_SIDE, BufferedImage.TYPE_INT_RGB);
    photograph.setRGB(0, 0, CRF_SIDE, CRF_SIDE, rgb, 0, CRF_SIDE);
    ImageIO.write(photograph, "png", folder.resolve("crf.png").toFile());
  }

  private static SegmenterModel model(Random random, Backbone backbone) {
    PsiConfig psi = PsiConfig.of(backbone.dims(), 0, 18, 64, 576, 2, CLUSTERS);
    ModelInfo info =
        new ModelInfo(
            SegmenterMethod.NEURAL_EIGENFUNCTIONS.text(),
            CLUSTERS,
            backbone.id(),
            backbone.sha256(),
            "vit",
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

  private static SequencedMap<String, long[]> weightShapes() {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("cls_token", new long[] {1, 1, DIM});
    shapes.put("pos_embed", new long[] {1, POSITIONS, DIM});
    shapes.put("patch_embed.proj.weight", new long[] {DIM, 3, 16, 16});
    shapes.put("patch_embed.proj.bias", new long[] {DIM});
    for (int i = 0; i < DEPTH; i++) {
      String block = "blocks." + i + ".";
      putNorm(shapes, block + "norm1");
      putLinear(shapes, block + "attn.qkv", 3 * DIM, DIM);
      putLinear(shapes, block + "attn.proj", DIM, DIM);
      putNorm(shapes, block + "norm2");
      putLinear(shapes, block + "mlp.fc1", MLP, DIM);
      putLinear(shapes, block + "mlp.fc2", DIM, MLP);
    }
    putNorm(shapes, "norm");
    return shapes;
  }

  private static void putNorm(SequencedMap<String, long[]> shapes, String name) {
    shapes.put(name + ".weight", new long[] {DIM});
    shapes.put(name + ".bias", new long[] {DIM});
  }

  private static void putLinear(SequencedMap<String, long[]> shapes, String name, int out, int in) {
    shapes.put(name + ".weight", new long[] {out, in});
    shapes.put(name + ".bias", new long[] {out});
  }
}
