package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The three methods, each with two seeds, in one table. */
class SeedsTest extends OnSmallBank {
  private JsonObject train(String name, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("train", in("bank"), "-o", in(name), "--clusters=4"));
    arguments.addAll(List.of("--seeds=2", "--seed=3", "--json=-"));
    arguments.addAll(List.of(more));
    done(arguments.toArray(String[]::new));
    return JsonParser.parseString(shell.out()).getAsJsonObject();
  }

  private List<String> models() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(Path::toString).filter(f -> f.endsWith(".safetensors")).sorted().toList();
    }
  }

  @Test
  void methodsAreComparedOverSeeds() throws IOException {
    String[] ours = {"--projection=64", "--epochs=1", "--batch-size=2", "--log=" + in("log.jsonl")};
    List<Double> overlaps =
        train("ours.safetensors", ours).getAsJsonArray("models").asList().stream()
            .map(model -> model.getAsJsonObject().get("overlap").getAsDouble())
            .toList();
    assertEquals(2, overlaps.size());
    String best = "ours-seed" + (3 + overlaps.indexOf(Collections.min(overlaps)));
    assertTrue(
        shell.err().contains(best + ".safetensors has the eigenfunctions of least overlap"),
        shell.err());
    train("kmeans.safetensors", "--method=kmeans-features");
    train("star.safetensors", "--method=kmeans-hidden", "--from=" + in("ours.safetensors"));
    assertEquals(
        Stream.of("kmeans", "ours", "star")
            .flatMap(name -> Stream.of(name + "-seed3", name + "-seed4"))
            .map(name -> in(name + ".safetensors"))
            .toList(),
        models());
    assertTrue(Files.exists(folder.resolve("log-seed3.jsonl")));
    assertTrue(Files.exists(folder.resolve("log-seed4.jsonl")));

    // The same command again trains nothing.
    for (JsonElement model : train("ours.safetensors", ours).getAsJsonArray("models")) {
      assertTrue(model.getAsJsonObject().get("already-done").getAsBoolean());
    }

    List<String> arguments =
        new ArrayList<>(List.of("evaluate", "--dataset=folder", "--root=" + in("scenes")));
    arguments.addAll(List.of("--split=val", "--match=iou", "--per-class", "--crf=both"));
    arguments.addAll(List.of("--protocol=center-crop-320", "--markdown=" + in("table.md")));
    arguments.add("--json=" + in("scores.json"));
    arguments.addAll(models());
    done(arguments.toArray(String[]::new));
    JsonObject json =
        JsonParser.parseString(Files.readString(folder.resolve("scores.json"))).getAsJsonObject();
    assertEquals(6 * 2 * 3, json.getAsJsonArray("results").size());
    assertEquals(3 * 2 * 3, json.getAsJsonArray("groups").size());
    for (JsonElement element : json.getAsJsonArray("groups")) {
      JsonObject group = element.getAsJsonObject();
      assertEquals("[3,4]", group.get("seeds").toString());
      assertTrue(group.getAsJsonObject("miou").has("std"), group.toString());
      JsonObject classes = group.getAsJsonObject("per-class");
      assertFalse(classes.isEmpty());
      for (Map.Entry<String, JsonElement> entry : classes.entrySet()) {
        JsonObject iou = entry.getValue().getAsJsonObject();
        assertTrue(iou.has("mean"), entry.toString());
        // A class that only one of the two found has no deviation.
        assertEquals(iou.get("n").getAsInt() == 2, iou.has("std"), entry.toString());
      }
    }
    assertEquals("center-crop-320", json.get("protocol").getAsString());
    assertTrue(shell.out().contains("protocol center-crop-320"), shell.out());
    assertFalse(shell.out().contains("hungarian"), shell.out());
    String table = Files.readString(folder.resolve("table.md"));
    assertTrue(table.matches("(?s).*\\| Ours\\* \\| 4 \\| on .* \\| 2 \\| \\d.* ± \\d.*"), table);
    // Six models and three groups, each without and with the CRF.
    String columns = " #1 | #2 | #3 | #4 | #5 | #6 | #7 | #8 | #9 | #10 | #11 | #12 |";
    assertTrue(table.contains("| class |" + columns + " S1 | S2 | S3 | S4 | S5 | S6 |"), table);
    String models = "( (-|[\\d.]+) \\|){12}";
    String groups = "( [\\d.]+ ± [\\d.]+ \\|){6}";
    assertTrue(
        table.lines().anyMatch(line -> line.matches("\\| \\w+ \\|" + models + groups)), table);
  }

  @Test
  void eigenfunctionsOfTheSameSeedsHaveToBeThere() {
    assertEquals(
        1,
        shell.run(
            "train",
            in("bank"),
            "-o",
            in("star"),
            "--clusters=4",
            "--seeds=2",
            "--method=kmeans-hidden",
            "--from=" + in("ours")));
    assertTrue(shell.err().contains("ours-seed0"), shell.err());
  }
}
