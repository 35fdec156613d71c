package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import dev.eigenseg.train.dataset.LabelMap;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports on a few generated scenes, as files and in a browser; masks in the forms of others. */
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
    assertEquals(evaluated.get("miou").getAsDouble(), reported.get("miou").getAsDouble(), 1e-9);
    assertEquals(
        evaluated.get("accuracy").getAsDouble(), reported.get("accuracy").getAsDouble(), 1e-9);
    assertEquals("iou (oracle)", reported.get("matching").getAsString());
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
      String body = page.substring(page.indexOf("<body"), page.indexOf("<script type="));
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
  void aBrowserShowsItAndItsSlidersAndSortingWork() throws Exception {
    Chromium browser = Chromium.find(Files.createDirectories(folder.resolve("chromium")));
    JsonObject seen = selfTest(browser, reportWithTruth("--log", in("log.jsonl")));
    assertQuiet(seen);
    assertEquals(IMAGES, seen.get("pictures").getAsInt());
    assertEquals(
        "[\"inset(0px 0px 0px 20%)\",\"inset(0px 0px 0px 50%)\"]", seen.get("wiped").toString());
    assertEquals(
        "[\"inset(0px 0px 0px 75%)\",\"inset(0px 0px 0px 75%)\",true]",
        seen.get("wipedAll").toString());
    assertEquals(
        "[\"segments:segments\",\"truth:truth\",\"errors:errors\"]", seen.get("layers").toString());
    assertEquals("0.3", seen.get("opacity").getAsString());
    assertOrders(seen.getAsJsonObject("orders"), 7);
    assertEquals(
        Set.of(
            "chart-iou", "chart-loss", "chart-temperature", "chart-clusters-used", "chart-timings"),
        seen.getAsJsonObject("charts").keySet());
    assertEquals(
        "[\"pictures\",\"eigenfunctions\",\"clusters\",\"scores\",\"training\",\"timings\",\"provenance\"]",
        seen.get("sections").toString());
  }

  @Test
  void aBrowserShowsAReportWithoutGroundTruth() throws Exception {
    Chromium browser = Chromium.find(Files.createDirectories(folder.resolve("chromium")));
    JsonObject seen = selfTest(browser, report(in("scenes/images/val")));
    assertQuiet(seen);
    assertEquals("[\"segments:segments\"]", seen.get("layers").toString());
    assertOrders(seen.getAsJsonObject("orders"), 3);
    assertEquals(Set.of("chart-timings"), seen.getAsJsonObject("charts").keySet());
  }

  private static void assertQuiet(JsonObject seen) {
    assertEquals("[]", seen.get("problems").toString());
    assertEquals("[]", seen.get("loaded").toString());
    for (String fault : List.of("brokenImages", "unlabelled", "unreachable")) {
      assertEquals(0, seen.get(fault).getAsInt(), fault);
    }
    assertFalse(seen.get("overflows").getAsBoolean());
    assertEquals("Sorted by order of the images", seen.get("announced").getAsString());
    seen.getAsJsonObject("charts")
        .entrySet()
        .forEach(chart -> assertTrue(chart.getValue().getAsBoolean(), chart.getKey()));
    List<String> names =
        seen.getAsJsonArray("names").asList().stream().map(JsonElement::getAsString).toList();
    assertEquals(names.stream().sorted().toList(), names);
  }

  private static void assertOrders(JsonObject orders, int count) {
    assertEquals(count, orders.size(), orders.toString());
    orders
        .asMap()
        .forEach((option, values) -> {
          List<Double> found = numbers(values.getAsJsonArray());
          Comparator<Double> order =
              option.endsWith(":down") ? Comparator.reverseOrder() : Comparator.naturalOrder();
          assertEquals(IMAGES, Set.copyOf(found).size(), option + " tells images apart: " + found);
          assertEquals(found.stream().sorted(order).toList(), found, option);
        });
  }

  private static List<Double> numbers(JsonArray values) {
    return values.asList().stream().map(JsonElement::getAsDouble).toList();
  }

  /** Works a copy of the page with a script of the test's own. */
  private JsonObject selfTest(Chromium browser, Path report) throws Exception {
    String watching =
        "<script>window.problems = []; addEventListener('error', e => problems.push(String(e.message)), true);"
            + " console.error = console.warn = (...m) => problems.push(m.join(' '));</script>";
    String page =
        Files.readString(report)
            .replace("<head>", "<head>" + watching)
            .replace("</body>", "<script>" + script() + "</script></body>");
    Path copy = Files.writeString(folder.resolve("selftest.html"), page);
    Matcher result =
        Pattern.compile("<pre id=\"selftest\">([^<]+)</pre>").matcher(browser.open(copy));
    assertTrue(result.find(), "the test's script did not come to its end");
    byte[] text = Base64.getDecoder().decode(result.group(1));
    return JsonParser.parseString(new String(text, StandardCharsets.UTF_8)).getAsJsonObject();
  }

  private static String script() throws IOException {
    try (InputStream in = ReportTest.class.getResourceAsStream("report-selftest.js")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
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
