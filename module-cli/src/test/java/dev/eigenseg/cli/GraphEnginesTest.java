package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraphInfo;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engines and indexes of {@code graph}, from the command line. */
class GraphEnginesTest {
  private static final String LIBRARY = "eigenseg.faiss.library";

  @TempDir static Path work;

  @TempDir Path folder;

  private final Shell shell = new Shell();

  @BeforeAll
  static void bank() throws IOException {
    GeneratedScenes.write(
        work.resolve("scenes"), 8, 0, new ImageGeometry.Size(128, 96), 1, 2, Progress.NONE);
    Shell shell = new Shell();
    assertEquals(
        0,
        shell.run("extract", "-o", bankFolder(), work.resolve("scenes/images/train").toString()),
        shell.err());
  }

  private static String bankFolder() {
    return work.resolve("bank").toString();
  }

  private static void requireFaiss() {
    KnnEngine faiss =
        KnnEngines.all().stream().filter(e -> e.name().equals("faiss")).findFirst().orElseThrow();
    List<String> reasons = faiss.availability().reasons();
    if (System.getenv("CI") != null) {
      assertEquals(List.of(), reasons);
    }
    Assumptions.assumeTrue(reasons.isEmpty(), reasons.toString());
  }

  private JsonObject graph(String name, String... options) {
    assertEquals(0, run(name, options), shell.err());
    return JsonParser.parseString(shell.out()).getAsJsonObject();
  }

  private JsonObject allLists(String name, String... options) {
    List<String> all =
        new ArrayList<>(
            List.of("--engine", "faiss", "--index", "ivf", "--lists", "16", "--probes", "16"));
    all.addAll(List.of(options));
    return graph(name, all.toArray(String[]::new));
  }

  private int run(String name, String... options) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "graph",
                bankFolder(),
                "-o",
                folder.resolve(name).toString(),
                "--neighbors",
                "8",
                "--json",
                "-"));
    arguments.addAll(List.of(options));
    return shell.run(arguments.toArray(String[]::new));
  }

  @Test
  void anEngineThatIsNamedIsTheOneThatSearches() {
    requireFaiss();
    JsonObject vector = graph("vector.knn", "--engine", "vector");
    JsonObject faiss = graph("faiss.knn", "--engine", "faiss");
    assertEquals("vector", vector.get("engine").getAsString());
    assertEquals("faiss", faiss.get("engine").getAsString());
    assertTrue(faiss.get("exact").getAsBoolean());
    assertEquals("exact", faiss.get("index").getAsString());
    assertEquals(1, faiss.get("recall").getAsDouble());
  }

  @Test
  void anIndexIsMeasuredAndItsRecallIsStored() {
    requireFaiss();
    for (String index : List.of("ivf", "hnsw")) {
      JsonObject json = graph(index + ".knn", "--engine", "faiss", "--index", index);
      assertFalse(json.get("exact").getAsBoolean());
      assertEquals(index, json.get("index").getAsString());
      double recall = json.get("recall").getAsDouble();
      assertTrue(recall > 0.5 && recall <= 1, json.toString());
      assertTrue(shell.err().contains("recall "), shell.err());

      String file = folder.resolve(index + ".knn").toString();
      assertEquals(0, shell.run("info", file, "--json", "-"), shell.err());
      JsonObject info = JsonParser.parseString(shell.out()).getAsJsonObject();
      assertEquals(recall, info.get("recall").getAsDouble(), 1e-12);
      assertTrue(info.toString().contains("\"index\":\"" + index + "\""), info.toString());
    }
  }

  @Test
  void probesAreChosenForARecallAndStored() {
    JsonObject json = graph("r.knn", "--index", "ivf", "--lists", "12", "--recall", "0.9");
    assertEquals("vector", json.get("engine").getAsString());
    assertFalse(json.get("exact").getAsBoolean());
    assertTrue(json.get("recall").getAsDouble() > 0.85, json.toString());
    assertTrue(json.has("recall-margin"), json.toString());
    assertTrue(shell.err().contains("of 12 lists"), shell.err());

    String file = folder.resolve("r.knn").toString();
    assertEquals(0, shell.run("info", file, "--json", "-"), shell.err());
    JsonObject settings =
        JsonParser.parseString(shell.out())
            .getAsJsonObject()
            .getAsJsonObject("provenance")
            .getAsJsonObject("settings");
    assertEquals(12, settings.get("lists").getAsInt());
    assertTrue(settings.get("probes").getAsInt() <= 12, settings.toString());
    assertEquals(0.9, settings.get("recall").getAsDouble());
  }

  @Test
  void partsOfAnApproximateGraphJoinToTheSameFile() throws IOException {
    List<String> index = List.of("--index", "ivf", "--lists", "12", "--recall", "0.9");
    JsonObject whole = graph("whole.knn", index.toArray(String[]::new));
    String lists = folder.resolve("lists").toString();
    for (int i = 1; i <= 2; i++) {
      List<String> options = new ArrayList<>(index);
      options.addAll(List.of("--part", i + "/2", "--lists-file", lists));
      JsonObject part = graph("half-" + i + ".knn", options.toArray(String[]::new));
      assertFalse(part.has("recall"), part.toString());
    }
    String[] halves = {
      folder.resolve("half-1.knn").toString(), folder.resolve("half-2.knn").toString()
    };
    String joined = folder.resolve("joined.knn").toString();
    assertEquals(1, shell.run("graph", "merge", halves[1], "-o", joined));
    assertTrue(shell.err().contains("1/2"), shell.err());
    assertEquals(0, shell.run("graph", "merge", halves[1], halves[0], "-o", joined), shell.err());
    assertTrue(shell.err().contains("recall "), shell.err());
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("whole.knn")), Files.readAllBytes(Path.of(joined)));
    assertEquals(
        whole.get("recall").getAsDouble(),
        KnnGraphInfo.read(Path.of(joined)).recall().orElseThrow().fraction());
    List<String> other =
        List.of("--index", "ivf", "--lists", "13", "--recall", "0.9", "--lists-file", lists);
    assertEquals(1, run("x.knn", other.toArray(String[]::new)));
    assertTrue(shell.err().contains("its lists is 12, not 13"), shell.err());
  }

  @Test
  void aGraphIsKeptForTheSameIndexOrIfItIsExact() throws IOException {
    graph("kept.knn", "--index", "ivf", "--lists", "12", "--recall", "0.9");
    assertEquals(
        0, run("kept.knn", "--index", "ivf", "--lists", "12", "--recall", "0.9"), shell.err());
    assertEquals(1, run("kept.knn", "--index", "ivf", "--lists", "12", "--recall", "0.8"));
    assertTrue(shell.err().contains("--recall 0.9, not 0.8"), shell.err());
    assertEquals(1, run("kept.knn", "--index", "ivf", "--lists", "10", "--recall", "0.9"));
    assertTrue(shell.err().contains("--lists 12, not 10"), shell.err());
    assertEquals(1, run("kept.knn"));
    assertTrue(shell.err().contains("--index ivf, not exact"), shell.err());
    graph("exact.knn");
    assertEquals(0, run("exact.knn", "--index", "ivf"), shell.err());
    assertTrue((shell.out() + shell.err()).contains("is there already, and exact"), shell.err());
  }

  @Test
  void faissSaysThatItChoosesNoProbes() {
    requireFaiss();
    assertEquals(1, run("r.knn", "--engine", "faiss", "--index", "ivf", "--recall", "0.9"));
    assertTrue(shell.err().contains("--probes"), shell.err());
  }

  @Test
  void anIndexThatNeedsMoreMemoryThanAllowedIsRefused() {
    assertEquals(1, run("m.knn", "--index", "ivf", "--memory", "100k"));
    assertTrue(
        shell.err().contains("--memory") && shell.err().contains("--index exact"), shell.err());
    assertFalse(Files.exists(folder.resolve("m.knn")));
  }

  @Test
  void allListsAndEveryCandidateFindWhatAnExactSearchFinds() {
    requireFaiss();
    JsonObject ivf = allLists("all.knn", "--training-rows", "300");
    assertEquals(1, ivf.get("recall").getAsDouble());
    JsonObject half = allLists("half.knn", "--half");
    assertTrue(half.get("recall").getAsDouble() > 0.95, half.toString());
    JsonObject hnsw = graph("h.knn", "--engine", "faiss", "--index", "hnsw", "--ef-search", "384");
    assertTrue(hnsw.get("recall").getAsDouble() > 0.99, hnsw.toString());
  }

  @Test
  void anApproximateGraphDoesNotStandInForAnExactOneButTrains() {
    requireFaiss();
    graph("g.knn", "--engine", "faiss", "--index", "ivf");
    assertEquals(1, run("g.knn"));
    assertTrue(
        shell.err().contains("approximate") && shell.err().contains("--overwrite"), shell.err());
    assertEquals(0, run("g.knn", "--engine", "faiss", "--index", "ivf"), shell.err());
    assertEquals(
        0,
        shell.run(
            "train",
            bankFolder(),
            "-o",
            folder.resolve("m").toString(),
            "--clusters",
            "4",
            "--epochs",
            "1",
            "--graph",
            folder.resolve("g.knn").toString()),
        shell.err());
  }

  @Test
  void anEngineThatIsNamedAndUnavailableIsAnErrorAndNeverFallsBack() {
    String before = System.getProperty(LIBRARY);
    System.setProperty(LIBRARY, folder.resolve("nowhere.so").toString());
    try {
      for (String index : List.of("exact", "ivf", "hnsw")) {
        assertEquals(1, run("g.knn", "--engine", "faiss", "--index", index));
        assertTrue(
            shell.err().contains("engine faiss") && shell.err().contains("nowhere.so"),
            shell.err());
        assertFalse(Files.exists(folder.resolve("g.knn")));
      }
      assertEquals(0, shell.run("info"), shell.err());
      assertTrue(shell.out().contains("nowhere.so"), shell.out());
      assertEquals("vector", graph("g.knn").get("engine").getAsString());
    } finally {
      if (before == null) {
        System.clearProperty(LIBRARY);
      } else {
        System.setProperty(LIBRARY, before);
      }
    }
  }

  @Test
  void anEngineWithoutTheIndexIsAnError() {
    assertEquals(1, run("g.knn", "--engine", "vector", "--index", "hnsw"));
    assertTrue(shell.err().contains("vector") && shell.err().contains("hnsw"), shell.err());
    assertFalse(Files.exists(folder.resolve("g.knn")));
  }

  @Test
  void aDeviceThatIsNotThereIsAnError() {
    for (String engine : List.of("auto", "vector", "faiss")) {
      assertEquals(1, run("g.knn", "--engine", engine, "--device", "cuda:99"));
      assertFalse(shell.err().contains("unexpected failure"), shell.err());
      assertFalse(Files.exists(folder.resolve("g.knn")));
    }
    assertEquals(1, run("g.knn", "--device", "tpu"));
    assertTrue(shell.err().contains("tpu"), shell.err());
  }
}
