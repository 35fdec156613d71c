package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Progress;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports in a browser, worked with the mouse and the keyboard. */
class ReportPageTest {
  private static final int IMAGES = 5;
  private static final String LOG =
      """
      {"epoch":1,"loss":-0.1,"temperature":1.0,"clusters-used":5}
      {"epoch":2,"loss":-0.2,"temperature":0.3,"clusters-used":6}
      """;

  // The view of the first picture of the first model.
  private static final String VIEW = "#cards .card .view";

  @TempDir static Path work;

  @TempDir Path folder;

  private final Shell shell = new Shell();
  private Chromium browser;

  @BeforeAll
  static void models() throws IOException {
    GeneratedScenes.write(
        work.resolve("scenes"), 4, IMAGES, new Size(640, 480), 3, 2, Progress.NONE);
    Files.writeString(work.resolve("log.jsonl"), LOG);
    Shell shell = new Shell();
    done(shell, "extract", "-o", in("bank"), in("scenes/images/train"));
    for (String clusters : List.of("6", "9")) {
      done(
          shell,
          "train",
          in("bank"),
          "-o",
          in("k" + clusters + ".safetensors"),
          "--clusters=" + clusters,
          "--method=kmeans-features");
    }
  }

  @BeforeEach
  void start() throws Exception {
    browser = Chromium.start(Files.createDirectories(folder.resolve("chromium")));
  }

  @AfterEach
  void end() {
    if (browser != null) {
      browser.close();
      assertEquals(List.of(), browser.problems());
    }
  }

  private static void done(Shell shell, String... arguments) {
    assertEquals(0, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.err());
  }

  private static String in(String name) {
    return work.resolve(name).toString();
  }

  private void open(List<String> models, String... more) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("report", "-o", folder.toString()));
    models.forEach(model -> arguments.addAll(List.of("-m", in(model))));
    arguments.addAll(List.of(more));
    done(shell, arguments.toArray(String[]::new));
    browser.open(folder.resolve("report.html"));
    browser.await("views[0].fresh");
  }

  private static String[] groundTruth(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("--dataset", "folder", "--root", in("scenes"), "--split", "val"));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  @Test
  void slidersSortingAndLayersWork() throws Exception {
    open(List.of("k6.safetensors"), groundTruth("--log", in("log.jsonl")));
    JsonObject seen = seen();
    assertQuiet(seen);
    assertEquals(IMAGES, seen.get("pictures").getAsInt());
    assertEquals(
        "[\"inset(0px 0px 0px 20%)\",\"inset(0px 0px 0px 50%)\"]", seen.get("wiped").toString());
    assertEquals(
        "[\"inset(0px 0px 0px 75%)\",\"inset(0px 0px 0px 75%)\",true]",
        seen.get("wipedAll").toString());
    assertEquals(
        "[\"segments:true:Segments\",\"truth:true:Ground truth\",\"errors:true:Where segments are wrong\"]",
        seen.get("layers").toString());
    assertEquals("0.3", seen.get("opacity").getAsString());
    assertOrders(seen.getAsJsonObject("orders"), 5);
    assertEquals(
        Set.of(
            "chart-iou", "chart-loss", "chart-temperature", "chart-clusters-used", "chart-timings"),
        seen.getAsJsonObject("charts").keySet());
    assertEquals(
        "[\"pictures\",\"eigenfunctions\",\"clusters\",\"scores\",\"training\",\"timings\",\"provenance\"]",
        seen.get("sections").toString());
  }

  @Test
  void withoutGroundTruthThereAreSegmentsOnly() throws Exception {
    open(List.of("k6.safetensors"), in("scenes/images/val"));
    JsonObject seen = seen();
    assertQuiet(seen);
    assertEquals("[\"segments:true:Segments\"]", seen.get("layers").toString());
    assertOrders(seen.getAsJsonObject("orders"), 1);
    assertEquals(Set.of("chart-timings"), seen.getAsJsonObject("charts").keySet());
  }

  @Test
  void severalModelsStandUnderOneSlider() throws Exception {
    open(List.of("k6.safetensors", "k9.safetensors"), groundTruth());
    JsonObject seen = seen();
    assertQuiet(seen);
    assertEquals(IMAGES, seen.get("pictures").getAsInt());
    assertOrders(seen.getAsJsonObject("orders"), 9);
    assertEquals(
        "[\"k6.safetensors K-means\",\"k9.safetensors K-means\"]",
        browser
            .evaluate("[...document.querySelectorAll('.head h3')].map(h => h.textContent)")
            .toString());
    String cuts =
        "[...document.querySelectorAll('.card:first-child .over')].map(c => getComputedStyle(c).clipPath)";
    browser.drag("#cards .card:first-child .cell:nth-child(2) .view", 0.5, 0.25);
    assertEquals(
        "[\"inset(0px 0px 0px 25%)\",\"inset(0px 0px 0px 25%)\"]",
        browser.evaluate(cuts).toString());
    browser.press(Chromium.Key.RIGHT);
    assertEquals(
        "[\"inset(0px 0px 0px 26%)\",\"inset(0px 0px 0px 26%)\"]",
        browser.evaluate(cuts).toString());
    assertFalse(browser.evaluate("editor.open").getAsBoolean(), "a drag names nothing");

    // A name of one model is offered to the other, and has its colour there.
    browser.click("#cards .card:first-child .cell:nth-child(1) .view", 0.5, 0.1);
    browser.type("heaven");
    browser.press(Chromium.Key.ENTER);
    browser.click("#cards .card:first-child .cell:nth-child(2) .view", 0.5, 0.1);
    browser.type("hea");
    browser.click("#editor .known button");
    String named =
        "models.map(m => m.names.map((_, c) => c).filter(c => nameOf(m, c) === 'heaven').map(c => colorOf(m, c)))";
    JsonArray colors = browser.evaluate(named).getAsJsonArray();
    assertEquals(1, colors.get(0).getAsJsonArray().size());
    assertEquals(colors.get(0), colors.get(1));

    browser.click(".naming[data-model='1'] .download");
    Path names = downloaded("names-k9.json");
    assertEquals(
        Set.of("heaven"),
        Set.copyOf(
            JsonParser.parseString(Files.readString(names))
                .getAsJsonObject()
                .asMap()
                .values()
                .stream()
                .map(JsonElement::getAsString)
                .filter("heaven"::equals)
                .toList()));
  }

  @Test
  void namesThatWereTypedReachTheModel() throws Exception {
    Files.copy(work.resolve("k6.safetensors"), folder.resolve("model.safetensors"));
    open(List.of(folder.resolve("model.safetensors").toString()), in("scenes/images/val"));
    assertTrue(disabled(".download"));
    int top = clusterAt(0.5, 0.05);
    int bottom = clusterAt(0.5, 0.95);
    assertNotEquals(top, bottom);

    // With the mouse in a picture; then another one straight away, which keeps the first.
    browser.click(VIEW, 0.5, 0.05);
    browser.type("himmel");
    browser.click(VIEW, 0.5, 0.95);
    browser.type("  Wiese   grün ");
    browser.press(Chromium.Key.ENTER);
    assertEquals("himmel", name(top));
    assertEquals("Wiese grün", name(bottom));
    assertNotEquals(color(top), color(bottom));
    assertEquals(color(top), pixel(0.5, 0.05));

    // Escape keeps what was there.
    browser.click(VIEW, 0.5, 0.05);
    browser.type("nothing");
    browser.press(Chromium.Key.ESCAPE);
    assertEquals("himmel", name(top));

    // By keys alone: a name in the legend, that of another cluster, so both are one.
    String other =
        browser.text(
            "String(models[0].names.map((_, c) => c).filter(c => ![%d, %d].includes(c) && models[0].pixels[c] > 0)[0])"
                .formatted(top, bottom));
    browser.evaluate(
        "[...document.querySelectorAll('.legend button')].find(b => b.dataset.clusters === '%s').focus()"
            .formatted(other));
    browser.press(Chromium.Key.ENTER);
    browser.type("himmel");
    assertTrue(
        browser.text("document.querySelector('.joins').textContent").contains("cluster " + top));
    browser.press(Chromium.Key.ENTER);
    assertEquals(color(top), color(Integer.parseInt(other)));
    assertTrue(browser.text("document.activeElement.textContent").contains("himmel"));
    assertTrue(browser.text("document.querySelector('.legend').textContent").contains("×2"));

    browser.control('z');
    assertEquals("", name(Integer.parseInt(other)));
    browser.control('Z');
    assertEquals("himmel", name(Integer.parseInt(other)));
    browser.click("#undo");
    browser.click("#undo");
    assertEquals("", name(bottom));
    browser.click("#redo");
    browser.click("#redo");

    browser.reload();
    browser.await("views[0].fresh");
    assertEquals("himmel", name(top));
    assertEquals("Wiese grün", name(bottom));
    assertEquals(color(top), pixel(0.5, 0.05));

    browser.click(".copy");
    browser.await("document.getElementById('said').textContent.startsWith('Copied')");
    String copied = browser.text("navigator.clipboard.readText()");
    browser.click(".download");
    Path names = downloaded("names.json");
    assertEquals(Files.readString(names), copied);

    done(
        shell,
        "match",
        folder.resolve("model.safetensors").toString(),
        "--names",
        names.toString());
    try (SegmenterFile file = SegmenterFile.open(folder.resolve("model.safetensors"))) {
      ClusterNames stored = file.info().names().orElseThrow();
      for (int cluster = 0; cluster < 6; cluster++) {
        int index = stored.classOf(cluster);
        assertEquals(
            name(cluster), index < 0 ? "" : stored.classes().name(index), "cluster " + cluster);
      }
    }

    // The page of the named model starts with these names, and has nothing of its own to keep.
    open(
        List.of(folder.resolve("model.safetensors").toString()),
        "--overwrite",
        in("scenes/images/val"));
    assertEquals("himmel", name(top));
    JsonArray unclear =
        browser
            .evaluate("[...document.querySelectorAll('.card')].map(c => c.dataset.unclear0)")
            .getAsJsonArray();
    assertEquals(IMAGES, unclear.size());
    double mean =
        unclear.asList().stream().mapToDouble(JsonElement::getAsDouble).average().orElse(0);
    assertEquals(0.25, mean, 0.01, "a quarter of all patches of images of one size");
    browser.click("#reset");
    assertEquals("himmel", name(top));
  }

  @Test
  void namesOfMergedClustersAreThoseOfAll() throws Exception {
    Files.copy(work.resolve("k6.safetensors"), folder.resolve("model.safetensors"));
    String model = folder.resolve("model.safetensors").toString();
    open(List.of(model), "--segments=3", in("scenes/images/val"));
    for (int segment = 0; segment < 3; segment++) {
      browser.evaluate("rename(models[0], [%d], 'part %d')".formatted(segment, segment));
    }
    browser.click(".download");
    done(shell, "match", model, "--names", downloaded("names.json").toString());
    try (SegmenterFile file = SegmenterFile.open(Path.of(model))) {
      int[] cut = file.info().requireDendrogram().cut(3);
      ClusterNames stored = file.info().names().orElseThrow();
      for (int cluster = 0; cluster < 6; cluster++) {
        assertEquals("part " + cut[cluster], stored.classes().name(stored.classOf(cluster)));
      }
    }
  }

  private Path downloaded(String name) throws InterruptedException {
    Path file = folder.resolve("chromium").resolve(name);
    for (int i = 0; i < 200 && !Files.exists(file); i++) {
      Thread.sleep(50);
    }
    assertTrue(Files.exists(file), name + " was not saved");
    return file;
  }

  private boolean disabled(String button) throws Exception {
    return browser.evaluate("document.querySelector('" + button + "').disabled").getAsBoolean();
  }

  private int clusterAt(double x, double y) throws Exception {
    return browser
        .evaluate(
            "(({ canvas, clusters }) => clusters[Math.floor(%s * canvas.height) * canvas.width + Math.floor(%s * canvas.width)])(views[0])"
                .formatted(y, x))
        .getAsInt();
  }

  private String name(int cluster) throws Exception {
    return browser.text("nameOf(models[0], %d)".formatted(cluster));
  }

  private String color(int cluster) throws Exception {
    return browser.text("colorOf(models[0], %d)".formatted(cluster));
  }

  /** What is painted over the first picture. */
  private String pixel(double x, double y) throws Exception {
    browser.await("views[0].fresh");
    return browser.text(
        """
        (({ canvas }) => {
          const { data } = canvas.getContext("2d").getImageData(%s * canvas.width, %s * canvas.height, 1, 1);
          return "#" + [...data].slice(0, 3).map((value) => value.toString(16).padStart(2, "0")).join("");
        })(views[0])\
        """
            .formatted(x, y));
  }

  private JsonObject seen() throws Exception {
    try (InputStream in = ReportPageTest.class.getResourceAsStream("report-page.js")) {
      return browser
          .evaluate(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .getAsJsonObject();
    }
  }

  private static void assertQuiet(JsonObject seen) {
    assertEquals("[]", seen.get("loaded").toString());
    for (String fault : List.of("brokenImages", "unlabelled", "unnamedButtons", "unreachable")) {
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
          List<Double> found =
              values.getAsJsonArray().asList().stream().map(JsonElement::getAsDouble).toList();
          Comparator<Double> order =
              option.endsWith(":down") ? Comparator.reverseOrder() : Comparator.naturalOrder();
          assertEquals(IMAGES, Set.copyOf(found).size(), option + " tells images apart: " + found);
          assertEquals(found.stream().sorted(order).toList(), found, option);
        });
  }
}
