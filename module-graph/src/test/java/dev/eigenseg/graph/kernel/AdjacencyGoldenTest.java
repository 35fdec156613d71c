package dev.eigenseg.graph.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.GoldenCases;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The feature graph, the pixel graph and their sum against the golden fixture {@code neuralef}. */
class AdjacencyGoldenTest {
  @TestFactory
  Stream<DynamicTest> kernel() throws IOException {
    Path folder = GoldenCases.folder("neuralef");
    JsonObject fixture = GoldenCases.json(folder);
    double tolerance = fixture.getAsJsonObject("tolerance").get("matrices_abs").getAsDouble();
    return GoldenCases.files(folder).stream()
        .map(file -> {
          String name = GoldenCases.caseName(file);
          JsonObject config = fixture.getAsJsonObject("cases").getAsJsonObject(name);
          return DynamicTest.dynamicTest(name, () -> check(file, config, tolerance));
        });
  }

  private static void check(Path file, JsonObject shape, double tolerance) throws IOException {
    JsonObject config = shape.getAsJsonObject("config");
    long n = shape.get("n").getAsLong();
    PixelGraphOptions pixelOptions = GoldenKernel.pixelOptions(config);
    try (SafeTensors tensors = SafeTensors.open(file)) {
      Tensor features = tensors.tensor("highlevel_feature").reshape(n, shape.get("C").getAsLong());
      List<GridColors> images = GoldenKernel.images(tensors.tensor("im"));
      try (KnnGraph graph = GoldenKernel.graph(features, config);
          SymmetricRows featureRaw =
              NormalizedAdjacency.rawOfNeighbors(graph, Workspace.UNBOUNDED, 2);
          SymmetricRows pixelRaw = PixelGraph.raw(images, pixelOptions, 2);
          NormalizedAdjacency feature =
              NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 2);
          NormalizedAdjacency pixel = PixelGraph.adjacency(images, pixelOptions, 2);
          NormalizedAdjacency kernel =
              NormalizedAdjacency.sum(
                  feature, config.get("pixelwise_weight").getAsFloat(), pixel)) {
        assertMatrix(tensors.tensor("feature_adjacency_raw"), dense(featureRaw), tolerance);
        assertMatrix(tensors.tensor("pixel_adjacency_raw"), dense(pixelRaw), 0);
        assertMatrix(
            tensors.tensor("feature_adjacency_normalised"), timesIdentity(feature), tolerance);
        assertMatrix(tensors.tensor("pixel_adjacency_normalised"), timesIdentity(pixel), tolerance);
        assertMatrix(tensors.tensor("gram_matrix"), timesIdentity(kernel), tolerance);
      } finally {
        images.forEach(image -> image.colors().close());
      }
    }
  }

  private static float[] dense(SymmetricRows matrix) throws IOException {
    int n = Math.toIntExact(matrix.rows());
    float[] dense = new float[n * n];
    try (SymmetricRows.Window window = matrix.window(0, n)) {
      for (int row = 0; row < n; row++) {
        for (long p = window.begin(row); p < window.begin(row + 1); p++) {
          dense[row * n + (int) SymmetricRows.column(window.entries(), p)] =
              SymmetricRows.value(window.entries(), p);
        }
      }
    }
    return dense;
  }

  private static float[] timesIdentity(NormalizedAdjacency adjacency) throws IOException {
    long n = adjacency.rows();
    try (Tensor identity = Tensor.allocate(DType.F32, n, n);
        Tensor product = Tensor.allocate(DType.F32, n, n)) {
      for (long i = 0; i < n; i++) {
        identity.set(i * n + i, 1);
      }
      adjacency.multiply(0, n, identity, product, 2);
      return product.toFloats();
    }
  }

  private static void assertMatrix(Tensor expected, float[] found, double tolerance) {
    assertEquals(expected.size(), found.length);
    for (int i = 0; i < found.length; i++) {
      int entry = i;
      assertEquals(expected.get(i), found[i], tolerance, () -> "entry " + entry);
    }
  }
}
