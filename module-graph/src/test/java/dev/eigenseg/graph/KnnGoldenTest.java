package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Exact cosine neighbours against the golden fixture {@code knn}, for the engine under test. */
class KnnGoldenTest {
  @TestFactory
  Stream<DynamicTest> neighbors() throws IOException {
    Path folder = GoldenCases.folder("knn");
    JsonObject fixture = GoldenCases.json(folder);
    double tolerance = fixture.getAsJsonObject("tolerance").get("similarities_abs").getAsDouble();
    return GoldenCases.files(folder).stream()
        .map(file ->
            DynamicTest.dynamicTest(
                GoldenCases.caseName(file),
                () ->
                    check(
                        file,
                        fixture.getAsJsonObject(GoldenCases.caseName(file)),
                        TestEngines.underTest(),
                        tolerance)));
  }

  private static void check(Path file, JsonObject config, KnnEngine engine, double tolerance)
      throws IOException {
    int k = config.get("k").getAsInt();
    try (SafeTensors tensors = SafeTensors.open(file)) {
      Tensor features = tensors.tensor("features");
      assertEquals(config.get("n").getAsLong(), features.size(0));
      KnnEngine.Request request = new KnnEngine.Request(FeatureRows.of(features), k, 64 << 20, 2);
      try (KnnGraph graph = KnnGraph.build(engine, request, Progress.NONE)) {
        for (long row = 0; row < graph.rows(); row++) {
          checkRow(tensors, graph, row, tolerance);
        }
      }
    }
  }

  private static void checkRow(SafeTensors tensors, KnnGraph graph, long row, double tolerance) {
    int k = graph.k();
    Tensor features = tensors.tensor("features");
    Set<Long> seen = new HashSet<>();
    for (long p = row * k; p < (row + 1) * k; p++) {
      long id = graph.ids().getLong(p);
      float reported = graph.similarities().get(p);
      assertNotEquals(row, id, "a row is its own neighbour");
      assertTrue(seen.add(id), "a neighbour twice");
      assertEquals(tensors.tensor("similarities").get(p), reported, tolerance);
      assertEquals(cosine(features, row, id), reported, tolerance);
      boolean last = p == (row + 1) * k - 1;
      assertTrue(last || reported >= graph.similarities().get(p + 1), "order of row " + row);
      assertTrue(
          last || reported > graph.similarities().get(p + 1) || id < graph.ids().getLong(p + 1),
          "ties go to the lower id, row " + row);
    }
    if (tensors.contains("ids")) {
      checkIds(tensors, graph, row, seen);
    }
  }

  /** Equal as sets, unless the cut runs through a near-tie. */
  private static void checkIds(SafeTensors tensors, KnnGraph graph, long row, Set<Long> found) {
    int k = graph.k();
    float cut = tensors.tensor("similarities").get((row + 1) * k - 1);
    if (cut - tensors.tensor("next_similarity").get(row) < 1e-6) {
      return;
    }
    Set<Long> expected = new HashSet<>();
    for (long p = row * k; p < (row + 1) * k; p++) {
      expected.add(tensors.tensor("ids").getLong(p));
    }
    assertEquals(expected, found, "row " + row);
  }

  private static double cosine(Tensor features, long a, long b) {
    long dim = features.size(1);
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (long c = 0; c < dim; c++) {
      double x = features.get(a * dim + c);
      double y = features.get(b * dim + c);
      dot += x * y;
      aa += x * x;
      bb += y * y;
    }
    return dot / (Math.max(Math.sqrt(aa), 1e-12) * Math.max(Math.sqrt(bb), 1e-12));
  }
}
