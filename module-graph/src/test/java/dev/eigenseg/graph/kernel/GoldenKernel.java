package dev.eigenseg.graph.kernel;

import com.google.gson.JsonObject;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.GoldenCases;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.TestEngines;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The kernel of a case of the golden fixture {@code neuralef}, made by our code. */
public final class GoldenKernel {
  private GoldenKernel() {}

  /** The sum of both graphs of a case; to be closed by the caller. */
  public static NormalizedAdjacency of(String name) throws IOException {
    Path folder = GoldenCases.folder("neuralef");
    JsonObject shape = GoldenCases.json(folder).getAsJsonObject("cases").getAsJsonObject(name);
    JsonObject config = shape.getAsJsonObject("config");
    try (SafeTensors tensors = SafeTensors.open(folder.resolve(name + ".safetensors"))) {
      Tensor features =
          tensors
              .tensor("highlevel_feature")
              .reshape(shape.get("n").getAsLong(), shape.get("C").getAsLong());
      List<GridColors> images = images(tensors.tensor("im"));
      try (KnnGraph graph = graph(features, config);
          NormalizedAdjacency feature =
              NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 2);
          NormalizedAdjacency pixel = PixelGraph.adjacency(images, pixelOptions(config), 2)) {
        return NormalizedAdjacency.sum(feature, config.get("pixelwise_weight").getAsFloat(), pixel);
      } finally {
        images.forEach(image -> image.colors().close());
      }
    }
  }

  static KnnGraph graph(Tensor features, JsonObject config) throws IOException {
    return KnnGraph.build(
        TestEngines.underTest(),
        new KnnEngine.Request(
            FeatureRows.of(features), config.get("num_nearestn_feature").getAsInt(), 64 << 20, 2),
        Progress.NONE);
  }

  static PixelGraphOptions pixelOptions(JsonObject config) {
    return PixelGraphOptions.of(
        config.get("num_nearestn_pixel1").getAsInt(), config.get("num_nearestn_pixel2").getAsInt());
  }

  /**
   * The stored images are [B, 3, h, w] in [-1, 1]: the published code maps them to [0, 1] itself.
   */
  static List<GridColors> images(Tensor im) {
    int rows = Math.toIntExact(im.size(2));
    int columns = Math.toIntExact(im.size(3));
    long plane = (long) rows * columns;
    List<GridColors> images = new ArrayList<>();
    for (long b = 0; b < im.size(0); b++) {
      Tensor colors = Tensor.allocate(DType.F32, plane, 3);
      for (long p = 0; p < plane; p++) {
        for (int c = 0; c < 3; c++) {
          colors.set(p * 3 + c, (im.get((b * 3 + c) * plane + p) + 1) / 2);
        }
      }
      images.add(new GridColors(rows, columns, colors));
    }
    return images;
  }
}
