package dev.eigenseg.train.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.Datasets;
import dev.eigenseg.train.dataset.FolderDataset;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two clusters on two classes of 100 pixels each; a model is right about some of both. */
class EvaluationReportTest {
  @TempDir private Path root;

  private Dataset dataset;

  @BeforeEach
  void write() throws IOException {
    for (String folder : List.of("images", "labels")) {
      Files.createDirectories(root.resolve(folder));
      ImageIO.write(
          new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_GRAY),
          "png",
          root.resolve(folder).resolve("a.png").toFile());
    }
    Files.writeString(
        root.resolve("classes.json"),
        """
        {"void_index": 7, "classes": [{"index": 0, "name": "dark", "rgb": [0, 0, 0]},
                                      {"index": 1, "name": "bright", "rgb": [255, 255, 255]}]}
        """);
    dataset = Datasets.open(FolderDataset.NAME, root, "val");
  }

  private static Evaluation.Result result(String name, String method, int right, boolean crf) {
    ConfusionMatrix confusion = new ConfusionMatrix(2, 2);
    for (int i = 0; i < 2; i++) {
      confusion.add(i, i, right);
      confusion.add(i, 1 - i, 100 - right);
    }
    ModelInfo info =
        new ModelInfo(
            method,
            2,
            "eye",
            "0",
            "eye",
            Map.of(),
            new ImageGeometry(Optional.empty(), 8),
            Optional.empty());
    SegmentOptions plain = SegmentOptions.DEFAULT;
    return new Evaluation.Result(
        name, info, crf ? plain.withCrf(CrfOptions.DEFAULT) : plain, confusion);
  }

  private static Provenance trained(String method, int epochs, long seed, String... inputs) {
    Map<String, String> named = new LinkedHashMap<>(Map.of("bank", "ab"));
    for (int i = 0; i < inputs.length; i += 2) {
      named.put(inputs[i], inputs[i + 1]);
    }
    return Provenance.here(
        "train",
        Map.of("method", method, "epochs", "" + epochs, "seed", "" + seed),
        named,
        seed,
        "cpu");
  }

  private EvaluationReport report(
      List<Evaluation.Result> results, Map<String, Provenance> provenances) {
    Evaluation evaluation =
        new Evaluation(1, results, new LinkedHashMap<>(), new LinkedHashMap<>());
    return EvaluationReport.of(
        dataset, Protocol.WHOLE_IMAGE, evaluation, provenances, model -> false);
  }

  @Test
  void modelsOfOtherSeedsAreOneGroupForEachMatchingAndRefinement() {
    EvaluationReport report =
        report(
            List.of(
                result("a", "ours", 70, false),
                result("a", "ours", 90, true),
                result("b", "ours", 80, false),
                result("b", "ours", 90, true),
                result("c", "ours", 90, false),
                result("c", "ours", 90, true)),
            Map.of(
                "a", trained("ours", 2, 0),
                "b", trained("ours", 2, 1),
                "c", trained("ours", 2, 7)));
    assertEquals(6 * 3, report.results().size());
    assertEquals(2 * 3, report.groups().size());
    for (SeedGroup group : report.groups()) {
      assertEquals(List.of(0L, 1L, 7L), group.seeds());
      assertTrue(group.differences().isEmpty());
      assertEquals(group.refined() ? 0.9 : 0.8, group.accuracy().mean(), 1e-12);
      assertEquals(group.refined() ? 0 : 0.1, group.accuracy().deviation().getAsDouble(), 1e-12);
      // 70 of 130, 80 of 120 and 90 of 110 pixels.
      assertEquals(
          group.refined() ? 90.0 / 110 : (70.0 / 130 + 80.0 / 120 + 90.0 / 110) / 3,
          group.meanIou().mean(),
          1e-12);
      // Both classes are as good.
      assertEquals(Optional.of(group.meanIou()), group.iou().get(1));
    }
    JsonObject json = report.toJson().getAsJsonArray("groups").get(0).getAsJsonObject();
    assertEquals("iou", json.get("matching").getAsString());
    assertEquals(3, json.get("n").getAsInt());
    assertEquals(10, json.getAsJsonObject("accuracy").get("std").getAsDouble(), 1e-9);
    JsonObject dark = json.getAsJsonObject("per-class").getAsJsonObject("dark");
    assertEquals(3, dark.get("n").getAsInt());
    assertEquals(json.getAsJsonObject("miou").get("mean"), dark.get("mean"));
    assertEquals(json.getAsJsonObject("miou").get("std"), dark.get("std"));
  }

  @Test
  void aClassThatNotAllSeedsHaveIsSpreadOverThoseThatDo() {
    Evaluation.Result both = result("a", "ours", 70, false);
    ConfusionMatrix dark = new ConfusionMatrix(2, 2);
    dark.add(0, 0, 100);
    EvaluationReport report =
        report(
            List.of(both, new Evaluation.Result("b", both.model(), both.options(), dark)),
            Map.of("a", trained("ours", 2, 0), "b", trained("ours", 2, 1)));
    SeedGroup group = report.groups().getFirst();
    assertEquals(2, group.iou().get(0).orElseThrow().n());
    assertEquals(Optional.of(Spread.of(70.0 / 130)), group.iou().get(1));
    SeedGroup alone =
        new SeedGroup(group.members().subList(1, 2), List.of(1L), group.differences());
    assertEquals(Optional.empty(), alone.iou().get(1));
  }

  @Test
  void otherSettingsOrInputsAreOtherGroupsAndSaidSo() {
    EvaluationReport report =
        report(
            List.of(
                result("short", "ours", 70, false),
                result("long", "ours", 80, false),
                result("kmeans", "kmeans", 60, false),
                result("unknown", "kmeans", 60, false)),
            Map.of(
                "short", trained("ours", 2, 0),
                "long", trained("ours", 20, 1),
                "kmeans", trained("kmeans", 0, 1)));
    List<SeedGroup> groups =
        report.groups().stream().filter(g -> g.matching() == Matching.IOU).toList();
    assertEquals(
        List.of(Map.of("epochs", "2"), Map.of("epochs", "20"), Map.of()),
        groups.stream().map(SeedGroup::differences).toList());
    assertTrue(groups.stream().allMatch(g -> g.accuracy().deviation().isEmpty()));
    JsonObject json = report.toJson().getAsJsonArray("groups").get(0).getAsJsonObject();
    assertFalse(json.getAsJsonObject("miou").has("std"));
  }

  @Test
  void inputsThatDependOnTheSeedAreComparedByTheirRecipes() {
    EvaluationReport report =
        report(
            List.of(
                result("a", "hidden", 70, false),
                result("b", "hidden", 80, false),
                result("c", "hidden", 80, false),
                result("again", "hidden", 80, false)),
            Map.of(
                "a", trained("hidden", 0, 0, "psi", "1", "psi-recipe", "short"),
                "b", trained("hidden", 0, 1, "psi", "2", "psi-recipe", "short"),
                "c", trained("hidden", 0, 2, "psi", "3", "psi-recipe", "long"),
                "again", trained("hidden", 0, 1, "psi", "2", "psi-recipe", "short")));
    assertEquals(
        List.of(2, 1),
        report.groups().stream()
            .filter(g -> g.matching() == Matching.MAJORITY)
            .map(g -> g.members().size())
            .toList());
  }

  @Test
  void spreadIsThatOfASample() {
    Spread spread = Spread.of(0.2, 0.4, 0.9);
    assertEquals(3, spread.n());
    assertEquals(0.5, spread.mean(), 1e-12);
    assertEquals(Math.sqrt((0.09 + 0.01 + 0.16) / 2), spread.deviation().getAsDouble(), 1e-12);
    assertEquals(OptionalDouble.empty(), Spread.of(0.3).deviation());
    assertThrows(IllegalArgumentException.class, Spread::of);
  }
}
