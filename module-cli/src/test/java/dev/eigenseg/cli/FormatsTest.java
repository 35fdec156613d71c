package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reader in docs/ finds in the files what stands in them. */
class FormatsTest {
  private static final Path READER = Path.of("../docs/read_eigenseg.py");

  @TempDir static Path work;

  @BeforeAll
  static void files() throws IOException {
    assumeTrue(pythonIsHere(), "no python3 on the PATH");
    GeneratedScenes.write(
        work.resolve("scenes"), 4, 1, new ImageGeometry.Size(128, 96), 1, 2, Progress.NONE);
    String bank = work.resolve("bank").toString();
    done("extract", "-o", bank, "--dtype", "f16", work.resolve("scenes/images/train").toString());
    done("graph", bank, "--neighbors", "8");
    String model = work.resolve("model.safetensors").toString();
    done("train", bank, "-o", model, "--clusters", "5", "--method", "kmeans-features");
  }

  private static void done(String... arguments) {
    Shell shell = new Shell();
    assertEquals(0, shell.run(arguments), shell.err());
  }

  private static boolean pythonIsHere() {
    try {
      return new ProcessBuilder("python3", "--version").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static JsonObject read(Path file) throws Exception {
    Process python =
        new ProcessBuilder("python3", READER.toString(), file.toString())
            .redirectErrorStream(true)
            .start();
    String printed = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, python.waitFor(), printed);
    return JsonParser.parseString(printed).getAsJsonObject();
  }

  private static void assertRow(JsonArray found, Tensor tensor, long row) {
    for (int i = 0; i < found.size(); i++) {
      assertEquals(tensor.get(row * tensor.size(1) + i), found.get(i).getAsFloat());
    }
  }

  @Test
  void bank() throws Exception {
    JsonObject found = read(work.resolve("bank"));
    try (FeatureBank bank = FeatureBank.open(work.resolve("bank"));
        PatchFeatures first = bank.features(bank.images().getFirst());
        PatchFeatures last = bank.features(bank.images().getLast())) {
      assertEquals(4, found.get("images").getAsInt());
      assertEquals(bank.rows(), found.get("rows").getAsLong());
      assertEquals("f16", found.get("dtype").getAsString());
      assertRow(found.getAsJsonArray("first"), first.high(), 0);
      assertRow(found.getAsJsonArray("last"), last.high(), last.patches() - 1);
    }
  }

  @Test
  void graph() throws Exception {
    JsonObject found = read(work.resolve("bank/graph.knn"));
    try (KnnGraph graph = KnnGraph.open(work.resolve("bank/graph.knn"))) {
      assertEquals(graph.rows(), found.get("rows").getAsLong());
      assertEquals(8, found.get("neighbors").getAsInt());
      for (Map.Entry<String, Long> row : Map.of("first", 0L, "last", graph.rows() - 1).entrySet()) {
        JsonArray both = found.getAsJsonArray(row.getKey());
        JsonArray ids = both.get(0).getAsJsonArray();
        for (int i = 0; i < ids.size(); i++) {
          int id = graph.ids().segment().getAtIndex(ValueLayout.JAVA_INT, row.getValue() * 8 + i);
          assertEquals(id, ids.get(i).getAsInt());
        }
        assertRow(both.get(1).getAsJsonArray(), graph.similarities(), row.getValue());
      }
    }
  }

  @Test
  void model() throws Exception {
    JsonObject found = read(work.resolve("model.safetensors"));
    assertEquals("kmeans-features", found.get("method").getAsString());
    try (SegmenterFile file = SegmenterFile.open(work.resolve("model.safetensors"))) {
      Tensor centroids = file.model().tensors().get(SegmenterModel.CENTROIDS);
      JsonArray read = found.getAsJsonObject("tensors").getAsJsonArray(SegmenterModel.CENTROIDS);
      JsonArray shape = read.get(0).getAsJsonArray();
      assertEquals(
          List.of(centroids.size(0), centroids.size(1)),
          List.of(shape.get(0).getAsLong(), shape.get(1).getAsLong()));
      assertEquals(centroids.get(0), read.get(1).getAsFloat());
      assertEquals(centroids.get(centroids.size() - 1), read.get(2).getAsFloat());
    }
  }
}
