package dev.eigenseg.cli.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.evaluation.Matching;
import dev.eigenseg.train.study.Experiment;
import dev.eigenseg.train.study.PublishedTable;
import dev.eigenseg.train.study.Study;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Own scores beside published ones. */
class StudyResultsTest {
  private final Study table = new PublishedTable(1).study(OptionalInt.empty());
  private final StudyResults results = new StudyResults(table, Optional.empty(), 2);

  /** What {@code evaluate} says of two models of a method, without and with a CRF. */
  private static JsonObject evaluation(Experiment experiment) {
    JsonArray groups = new JsonArray();
    JsonArray single = new JsonArray();
    for (SegmenterMethod method : experiment.methods()) {
      for (boolean crf : new boolean[] {false, true}) {
        for (Matching matching : Matching.values()) {
          if (matching.oracle()) {
            groups.add(
                JsonParser.parseString(
                    ("{method: '%s', clusters: 256, crf: %s, matching: '%s', n: 2, models: "
                            + "['%s-0', '%s-1'], accuracy: {mean: 50.04, std: 1.26}, miou: {mean: "
                            + "20, std: 0.5}}")
                        .formatted(
                            method.text(), crf, matching.option(), method.text(), method.text())));
          }
        }
        for (int seed = 0; seed < 2; seed++) {
          single.add(
              JsonParser.parseString(
                  "{model: '%s-%d', crf: %s, clusters-used: %d}"
                      .formatted(method.text(), seed, crf, 100 + 10 * seed)));
        }
      }
    }
    JsonObject json = new JsonObject();
    json.add("groups", groups);
    json.add("results", single);
    return json;
  }

  @Test
  void publishedScoresStandBesideTheSameMatchingAndRefinementAlone() {
    table.experiments().forEach(experiment -> results.add(experiment, evaluation(experiment)));
    List<String> known = new ArrayList<>();
    for (JsonElement element : results.toJson().getAsJsonArray("rows")) {
      JsonObject row = element.getAsJsonObject();
      JsonObject own = row.getAsJsonObject("own");
      boolean comparable =
          own.get("crf").getAsBoolean() && own.get("matching").getAsString().equals("iou");
      assertEquals(comparable, row.has("known"), row.toString());
      if (comparable) {
        known.add(row.getAsJsonObject("known").get("miou").getAsString());
      }
    }
    assertEquals(
        List.of("28.9", "38.8", "39.6", "30.9", "37.5", "37.6", "19.3", "33.2", "35.0"), known);
    assertTrue(results.toJson().get("complete").getAsBoolean());
  }

  @Test
  void tablesShowBothAndNeverMixMatchings() {
    results.add(table.experiments().getFirst(), evaluation(table.experiments().getFirst()));
    String markdown = results.markdown();
    assertTrue(markdown.contains("1 of 3 experiments are done."), markdown);
    String iou =
        markdown.substring(
            markdown.indexOf("## backbone, matching iou"),
            markdown.indexOf("## backbone, matching majority"));
    assertTrue(
        iou.contains("| ViT-S | Ours | 256 | on | 70.4 / 38.8 | 50.0 ± 1.3 / 20.0 ± 0.5 | 105 |"),
        iou);
    assertTrue(iou.contains("| ViT-S | Ours | 256 | off | not known here |"), iou);
    String rest = markdown.substring(markdown.indexOf("## backbone, matching majority"));
    assertFalse(rest.contains("70.4"), rest);
    assertTrue(rest.contains("| MaskCLIP | - / 25.5 | Table 1, MaskCLIP |"), rest);
  }
}
