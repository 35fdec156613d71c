package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import dev.eigenseg.train.dataset.LabelMap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports on a few generated scenes, as files; masks in the forms of others. */
class ReportTest {
  private static final int IMAGES = 5;
  private static final String LOG =
      """
      {"epoch":1,"loss":-0.1,"temperature":1.0,"clusters-used":5}
      {"epoch":2,"loss":-0.2,"temperature":0.3,"clusters-used":6}
      """;

  @TempDir static Path work;

  @TempDir Path folder;

  private final Shell shell = new Shell();

  @BeforeAll
  static void model() throws IOException {
    GeneratedScenes.write(
        work.resolve("scenes"), 4, IMAGES, new Size(640, 480), 3, 2, Progress.NONE);
    Files.writeString(work.resolve("log.jsonl"), LOG);
    Shell shell = new Shell();
    done(shell, "extract", "-o", in("bank"), in("scenes/images/train"));
    done(
        shell,
        "train",
        in("bank"),
        "-o",
        in("model.safetensors"),
        "--clusters=6",
        "--method=kmeans-features");
  }

  private static void done(Shell shell, String... arguments) {
    assertEquals(0, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.err());
  }

  private static String in(String name) {
    return work.resolve(name).toString();
  }

  private Path report(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("report", "-m", in("model.safetensors"), "-o", folder.toString()));
    arguments.addAll(List.of(more));
    done(shell, arguments.toArray(String[]::new));
    return folder.resolve("report.html");
  }

  private Path reportWithTruth(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("--dataset", "folder", "--root", in("scenes"), "--split", "val"));
    arguments.addAll(List.of(more));
    return report(arguments.toArray(String[]::new));
  }

  @Test
  void aHundredImagesStayUnderTwentyMegabytes() throws IOException {
    long fixed = Files.size(reportWithTruth("--limit", "1"));
    long all = Files.size(reportWithTruth("--overwrite"));
    long each = (all - fixed) / (IMAGES - 1);
    assertTrue(fixed + 99 * each < 20_000_000, fixed + " bytes and " + each + " an image");
  }

  @Test
  void scoresAreThoseOfEvaluate() throws IOException {
    Path json = folder.resolve("report.json");
    reportWithTruth("--json", json.toString());
    done(
        shell,
        "evaluate",
        "--dataset=folder",
        "--root",
        in("scenes"),
        "--split=val",
        "--match=iou",
        "--json",
        folder.resolve("evaluate.json").toString(),
        in("model.safetensors"));
    JsonObject reported = read(json);
    JsonObject evaluated =
        read(folder.resolve("evaluate.json")).getAsJsonArray("results").get(0).getAsJsonObject();
    JsonObject result = reported.getAsJsonArray("results").get(0).getAsJsonObject();
    assertEquals(evaluated.get("miou").getAsDouble(), result.get("miou").getAsDouble(), 1e-9);
    assertEquals(
        evaluated.get("accuracy").getAsDouble(), result.get("accuracy").getAsDouble(), 1e-9);
    assertEquals("iou (oracle)", result.get("matching").getAsString());
  }

  @Test
  void thePageNeedsNothingElse() throws IOException {
    String page = Files.readString(reportWithTruth("--log", in("log.jsonl")));
    Matcher addresses = Pattern.compile("(?:src|href)=\"([^\"]{0,20})").matcher(page);
    while (addresses.find()) {
      assertTrue(addresses.group(1).matches("(data:|#).*"), addresses.group(1));
    }
    assertFalse(page.contains("sourceMappingURL"));
  }

  @Test
  void withoutGroundTruthItsPartsAreAbsent() throws IOException {
    String page = Files.readString(report(in("scenes/images/val"), "--limit", "2"));
    for (String absent :
        List.of("id=\"scores\"", "id=\"training\"", "Ground truth", "mIoU", "purity", "oracle")) {
      String body = page.substring(page.indexOf("<body"), page.indexOf("<aside"));
      assertFalse(body.contains(absent), absent);
    }
    assertTrue(page.contains("2 of 5 images"));
  }

  @Test
  void namesOfImagesAreText() throws IOException {
    Path images = Files.createDirectories(folder.resolve("images"));
    Files.copy(work.resolve("scenes/images/val/scene-0000.png"), images.resolve("<b>&'\"x.png"));
    String page = Files.readString(report(images.toString()));
    assertFalse(page.contains("<b>&"));
    assertTrue(page.contains("&lt;b&gt;&amp;"));
  }

  @Test
  void whatCannotBeDoneIsSaidBeforeTheWork() throws IOException {
    Path there = Files.writeString(folder.resolve("report.html"), "mine");
    fails(1, "--overwrite", in("scenes/images/val"));
    assertEquals("mine", Files.readString(there));
    Files.delete(there);
    Path log = Files.writeString(folder.resolve("wrong.jsonl"), "{\"epoch\": 1}\n");
    fails(1, "\"loss\"", "--log", log.toString(), in("scenes/images/val"));
    fails(2, "--dataset", "--match", "iou", in("scenes/images/val"));
    fails(
        1,
        "eigenseg match",
        "--match=stored",
        "--dataset=folder",
        "--root",
        in("scenes"),
        "--split=val");
    fails(1, "no-such", folder.resolve("no-such.png").toString());
    assertFalse(Files.exists(there));
    try (Stream<Path> files = Files.list(folder)) {
      assertTrue(files.noneMatch(file -> file.toString().endsWith(".tmp")));
    }
  }

  private void fails(int code, String expected, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("report", "-m", in("model.safetensors"), "-o", folder.toString()));
    arguments.addAll(List.of(more));
    assertEquals(code, shell.run(arguments.toArray(String[]::new)), shell.err());
    assertTrue(shell.err().contains(expected), shell.err());
  }

  @Test
  void masksAreWrittenForOtherTools() throws IOException {
    String[] arguments = {
      "segment",
      "-m",
      in("model.safetensors"),
      "-o",
      folder.toString(),
      "--format",
      "coco-rle,polygons,fiftyone",
      in("scenes/images/val")
    };
    done(shell, arguments);
    JsonObject runs = read(folder.resolve("coco-rle.json"));
    JsonObject polygons = read(folder.resolve("coco-polygons.json"));
    assertEquals(IMAGES, runs.getAsJsonArray("images").size());
    assertEquals(6, runs.getAsJsonArray("categories").size());
    assertEquals(
        runs.getAsJsonArray("annotations").size(), polygons.getAsJsonArray("annotations").size());
    long area = 0;
    for (JsonElement annotation : runs.getAsJsonArray("annotations")) {
      area += annotation.getAsJsonObject().get("area").getAsLong();
    }
    assertEquals(IMAGES * 640L * 480, area);
    LabelMap indices = LabelMap.read(folder.resolve("scene-0001.png"));
    LabelMap shifted = LabelMap.read(folder.resolve("fiftyone/labels/scene-0001.png"));
    assertEquals(indices.at(100, 200) + 1, shifted.at(100, 200));
    assertEquals(
        -1,
        Files.mismatch(
            work.resolve("scenes/images/val/scene-0001.png"),
            folder.resolve("fiftyone/data/scene-0001.png")));
    assertEquals(
        "cluster 0",
        read(folder.resolve("fiftyone/fields/ground_truth/mask_targets.json"))
            .get("1")
            .getAsString());
    byte[] before = Files.readAllBytes(folder.resolve("coco-rle.json"));
    done(shell, arguments);
    assertTrue(shell.out().contains("0 images segmented, 5 there before"), shell.out());
    assertEquals(
        new String(before, StandardCharsets.UTF_8),
        Files.readString(folder.resolve("coco-rle.json")));
  }

  private static JsonObject read(Path json) throws IOException {
    return JsonParser.parseString(Files.readString(json)).getAsJsonObject();
  }
}
