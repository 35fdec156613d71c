package dev.eigenseg.infer;

import static org.junit.jupiter.api.Assertions.fail;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ClassList.NamedClass;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.descriptor.DescriptorBackbone;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Models, images and reference data for tests. */
public final class Fixtures {
  private Fixtures() {}

  public static float[] gaussian(Random random, int size, double scale) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (random.nextGaussian() * scale);
    }
    return values;
  }

  public static Tensor gaussian(Random random, double scale, long... shape) {
    long size = 1;
    for (long axis : shape) {
      size *= axis;
    }
    return Tensor.of(gaussian(random, Math.toIntExact(size), scale), shape);
  }

  /** Random weights of about unit gain; small biases, so that outputs depend on the input. */
  public static SequencedMap<String, Tensor> weights(
      Random random, SequencedMap<String, long[]> shapes) {
    SequencedMap<String, Tensor> weights = new LinkedHashMap<>();
    shapes.forEach((name, shape) -> {
      boolean gamma = name.contains("norm") && name.endsWith(".weight");
      double scale = shape.length == 1 ? 0.1 : 1 / Math.sqrt(shape[1]);
      Tensor weight = gaussian(random, scale, shape);
      for (long i = 0; gamma && i < weight.size(); i++) {
        weight.set(i, 1 + weight.get(i));
      }
      weights.put(name, weight);
    });
    return weights;
  }

  public static void close(SequencedMap<String, Tensor> tensors) {
    tensors.values().forEach(Tensor::close);
  }

  /** A model of the descriptor backbone with random weights, which {@link #close} frees. */
  public static SegmenterModel model(Random random, SegmenterMethod method, int clusters) {
    return model(random, method, clusters, Map.of());
  }

  /** As {@link #model(Random, SegmenterMethod, int)}, of the backbone with settings. */
  public static SegmenterModel model(
      Random random, SegmenterMethod method, int clusters, Map<String, String> settings) {
    try (DescriptorBackbone backbone = new DescriptorBackbone()) {
      FeatureDims dims = backbone.dims();
      Optional<PsiConfig> psi =
          method.usesPsi()
              ? Optional.of(PsiConfig.of(dims, 32, 2, 16, 24, 2, clusters))
              : Optional.empty();
      SequencedMap<String, long[]> shapes =
          psi.map(PsiConfig::weightShapes).orElseGet(LinkedHashMap::new);
      if (method.usesCentroids()) {
        shapes.put(
            SegmenterModel.CENTROIDS,
            new long[] {clusters, psi.map(PsiConfig::hidden).orElse(dims.high())});
      }
      ModelInfo info =
          new ModelInfo(
              method.text(),
              clusters,
              backbone.id(),
              backbone.sha256(),
              "descriptor",
              settings,
              new ImageGeometry(Optional.empty(), backbone.patchSize()),
              Optional.empty());
      return new SegmenterModel(
          info,
          dims,
          new FeatureScales(1.5f, 0.75f, 2),
          psi,
          method.usesCentroids(),
          SegmenterModel.LOGIT_DIVISOR,
          Provenance.here("train", Map.of("clusters", "" + clusters), Map.of(), 7, "cpu"),
          weights(random, shapes));
    }
  }

  public static ClusterNames names(int clusters) {
    int[] classes = new int[clusters];
    for (int i = 0; i < clusters; i++) {
      classes[i] = i % 3 - 1;
    }
    return new ClusterNames(
        new ClassList(List.of(new NamedClass("sky \"é\"", 0x80FF00), new NamedClass("road", 1))),
        classes,
        "iou");
  }

  public static BufferedImage image(Random random, int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int block = (x / 24) * 31 + (y / 24) * 57;
        int rgb = ((block * 0x9E3779B1) >>> 8) & 0xE0E0E0;
        image.setRGB(x, y, rgb + (random.nextInt() & 0x1F1F1F));
      }
    }
    return image;
  }

  /**
   * The cases of golden fixtures whose folder begins with a name. Skips, or fails in CI, without
   * the folder.
   */
  public static List<Path> golden(String prefix) throws IOException {
    Path folder = Path.of(System.getProperty("eigenseg.golden", "../shared/golden"));
    if (!Files.isDirectory(folder)) {
      String reason = "no golden fixtures in " + folder + "; set -Deigenseg.golden=DIR";
      if (System.getenv("CI") != null) {
        fail(reason);
      }
      Assumptions.abort(reason);
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(child -> child.getFileName().toString().startsWith(prefix))
          .filter(child -> Files.exists(child.resolve("fixture.json")))
          .sorted()
          .toList();
    }
  }
}
