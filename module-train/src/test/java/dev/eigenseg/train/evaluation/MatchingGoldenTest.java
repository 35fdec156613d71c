package dev.eigenseg.train.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.internal.file.SafeTensors;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.dataset.LabelMap;
import dev.eigenseg.train.dataset.ReferenceData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Counts, matchings and scores against the published implementation's. */
class MatchingGoldenTest {
  private static final double METRIC_TOLERANCE = 1e-9;

  @TestFactory
  List<DynamicTest> cases() throws IOException {
    Path golden = ReferenceData.folder("eigenseg.golden", "");
    List<DynamicTest> tests = new ArrayList<>();
    for (Path folder : folders(golden)) {
      JsonObject cases =
          JsonParser.parseString(Files.readString(folder.resolve("fixture.json")))
              .getAsJsonObject()
              .getAsJsonObject("cases");
      for (Map.Entry<String, JsonElement> entry : cases.entrySet()) {
        String name = entry.getKey();
        tests.add(
            DynamicTest.dynamicTest(
                folder.getFileName() + "/" + name,
                () -> {
                  try (SafeTensors file = SafeTensors.open(folder.resolve(name + ".safetensors"))) {
                    check(file, entry.getValue().getAsJsonObject());
                  }
                }));
      }
    }
    assertFalse(tests.isEmpty(), "no case found under " + golden);
    return tests;
  }

  private static List<Path> folders(Path golden) throws IOException {
    try (Stream<Path> children = Files.list(golden)) {
      return children
          .filter(child -> child.getFileName().toString().startsWith("matching"))
          .filter(child -> Files.isRegularFile(child.resolve("fixture.json")))
          .sorted()
          .toList();
    }
  }

  private static void check(SafeTensors file, JsonObject expected) {
    ConfusionMatrix confusion = count(file, expected);
    for (int cluster = 0; cluster < confusion.clusters(); cluster++) {
      for (int c = 0; c < confusion.classes(); c++) {
        assertEquals(
            file.tensor("confusion").getLong((long) cluster * confusion.classes() + c),
            confusion.count(cluster, c));
      }
    }
    assertArrayEquals(ints(file.tensor("map.iou_argmax")), Matching.IOU.match(confusion));
    assertArrayEquals(ints(file.tensor("map.count_majority")), Matching.MAJORITY.match(confusion));
    for (String rule : List.of("iou_argmax", "count_majority", "hungarian_count")) {
      checkScores(file, expected, rule, confusion, ints(file.tensor("map." + rule)));
    }
    checkHungarian(file, expected, confusion);
  }

  private static ConfusionMatrix count(SafeTensors file, JsonObject expected) {
    int[] shape =
        expected.getAsJsonArray("shape").asList().stream()
            .mapToInt(JsonElement::getAsInt)
            .toArray();
    int clusters = expected.get("clusters").getAsInt();
    ConfusionMatrix confusion = new ConfusionMatrix(clusters, expected.get("classes").getAsInt());
    int pixels = shape[1] * shape[2];
    for (int image = 0; image < shape[0]; image++) {
      int[] predicted = ints(file.tensor("pred").slice(image, 1));
      int[] truth = ints(file.tensor("gt").slice(image, 1));
      char[] labels = new char[pixels];
      for (int i = 0; i < pixels; i++) {
        labels[i] = (char) truth[i];
      }
      confusion.add(
          Segmentation.of(shape[2], shape[1], clusters, predicted, Optional.empty()),
          LabelMap.of(shape[2], shape[1], labels),
          expected.get("ignore").getAsInt());
    }
    return confusion;
  }

  private static void checkScores(
      SafeTensors file, JsonObject expected, String rule, ConfusionMatrix confusion, int[] map) {
    JsonObject metrics = expected.getAsJsonObject("metrics").getAsJsonObject(rule);
    Scores scores = Scores.of(confusion, map);
    assertEquals(
        metrics.get("pixel_accuracy").getAsDouble(), scores.accuracy(), METRIC_TOLERANCE, rule);
    assertEquals(metrics.get("mean_iou").getAsDouble(), scores.meanIou(), METRIC_TOLERANCE, rule);
    Tensor after = file.tensor("confusion_after." + rule);
    long[][] predictions = Scores.predictions(confusion, map);
    int classes = confusion.classes();
    for (int c = 0; c < classes; c++) {
      JsonElement iou = metrics.getAsJsonArray("per_class_iou").get(c);
      assertEquals(iou.isJsonNull(), scores.iou().get(c).isEmpty(), rule + " class " + c);
      if (!iou.isJsonNull()) {
        assertEquals(iou.getAsDouble(), scores.iou().get(c).getAsDouble(), METRIC_TOLERANCE, rule);
      }
      for (int p = 0; p < classes; p++) {
        assertEquals(after.getLong((long) c * classes + p), predictions[c][p], rule);
      }
      JsonElement recall = metrics.getAsJsonArray("per_class_accuracy").get(c);
      if (!recall.isJsonNull()) {
        assertEquals(
            recall.getAsDouble(),
            (double) predictions[c][c] / Arrays.stream(predictions[c]).sum(),
            METRIC_TOLERANCE);
      }
    }
  }

  private static void checkHungarian(
      SafeTensors file, JsonObject expected, ConfusionMatrix confusion) {
    int[] map = Matching.HUNGARIAN.match(confusion);
    long total = 0;
    Set<Integer> taken = new HashSet<>();
    for (int cluster = 0; cluster < map.length; cluster++) {
      if (map[cluster] >= 0) {
        total += confusion.count(cluster, map[cluster]);
        assertTrue(taken.add(map[cluster]), "class " + map[cluster] + " is taken twice");
      }
    }
    assertEquals(expected.get("hungarian_total_matched_pixels").getAsLong(), total);
    assertEquals(Math.min(confusion.clusters(), confusion.classes()), taken.size());
    if (expected.get("hungarian_optimum_margin_pixels").getAsDouble() > 0) {
      int[] matched = ints(file.tensor("hungarian_matched"));
      for (int cluster = 0; cluster < map.length; cluster++) {
        assertEquals(matched[cluster] == 1, map[cluster] >= 0, "cluster " + cluster);
      }
      // The published rule: a cluster without a partner counts as class 0.
      int[] published = Arrays.stream(map).map(c -> c < 0 ? 0 : c).toArray();
      assertArrayEquals(ints(file.tensor("map.hungarian_count")), published);
      checkScores(file, expected, "hungarian_count", confusion, published);
    }
    // Ours: its pixels are errors, so that nothing but the matched pixels is right.
    assertEquals((double) total / confusion.total(), Scores.of(confusion, map).accuracy(), 1e-12);
  }

  private static int[] ints(Tensor tensor) {
    int[] values = new int[Math.toIntExact(tensor.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.toIntExact(tensor.getLong(i));
    }
    return values;
  }
}
