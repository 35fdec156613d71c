package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.BankViews;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.Extractor;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.cli.input.Inputs;
import dev.eigenseg.cli.session.EpochLog;
import dev.eigenseg.train.Augmentation;
import dev.eigenseg.train.AugmentedViews;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All commands on a few generated scenes, and what they do with input that is wrong. */
class PipelineTest {
  private static final Set<String> RESULT_KEYS =
      Set.of(
          "model",
          "method",
          "clusters",
          "crf",
          "matching",
          "accuracy",
          "miou",
          "classes-present",
          "per-class");

  @TempDir static Path work;

  @TempDir Path folder;

  private final Shell shell = new Shell();

  /** Scenes, a bank with its graph, and one model of each method. */
  @BeforeAll
  static void pipeline() throws IOException {
    GeneratedScenes.write(
        work.resolve("scenes"), 8, 3, new ImageGeometry.Size(128, 96), 1, 2, Progress.NONE);
    Shell shell = new Shell();
    done(shell, "extract", "-o", in("bank"), in("scenes/images/train"));
    done(shell, "graph", in("bank"), "--neighbors", "16");
    done(
        shell,
        "train",
        in("bank"),
        "-o",
        in("kmeans.safetensors"),
        "--clusters",
        "8",
        "--method",
        "kmeans-features");
    done(
        shell,
        "train",
        in("bank"),
        "-o",
        in("ours.safetensors"),
        "--clusters",
        "8",
        "--projection",
        "64",
        "--epochs",
        "2",
        "--batch-size",
        "4",
        "--scale-inputs",
        "--log",
        in("log.jsonl"));
    done(
        shell,
        "train",
        in("bank"),
        "-o",
        in("hidden.safetensors"),
        "--clusters",
        "8",
        "--method",
        "kmeans-hidden",
        "--from",
        in("ours.safetensors"));
  }

  private static void done(Shell shell, String... arguments) {
    assertEquals(0, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.err());
  }

  private static String in(String name) {
    return work.resolve(name).toString();
  }

  private String out(String name) {
    return folder.resolve(name).toString();
  }

  private String fails(int code, String... arguments) {
    assertEquals(
        code, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.out() + shell.err());
    assertFalse(shell.err().contains("unexpected failure"), shell.err());
    assertFalse(shell.err().contains("\tat "), shell.err());
    return shell.err();
  }

  @Test
  void theSameCommandsAgainFindTheirWorkDone() {
    done(shell, "extract", "-o", in("bank"), in("scenes/images/train"));
    assertTrue(shell.out().contains("8 of 8 images are in the bank already"), shell.out());
    done(shell, "graph", in("bank"), "--neighbors", "16");
    assertTrue(shell.out().contains("is there already"), shell.out());
    done(
        shell,
        "train",
        in("bank"),
        "-o",
        in("kmeans.safetensors"),
        "--clusters",
        "8",
        "--method",
        "kmeans-features");
    assertTrue(shell.out().contains("is there already"), shell.out());
  }

  @Test
  void otherSettingsInTheSamePlaceAreRefused() throws IOException {
    byte[] before = Files.readAllBytes(work.resolve("kmeans.safetensors"));
    String err =
        fails(1, "extract", "-o", in("bank"), "--size", "64x64", in("scenes/images/train"));
    assertTrue(err.contains("--overwrite"), err);
    err = fails(1, "graph", in("bank"), "--neighbors", "8");
    assertTrue(err.contains("--overwrite"), err);
    err =
        fails(
            1,
            "train",
            in("bank"),
            "-o",
            in("kmeans.safetensors"),
            "--clusters",
            "9",
            "--method",
            "kmeans-features");
    assertTrue(err.contains("--overwrite"), err);
    assertArrayEquals(before, Files.readAllBytes(work.resolve("kmeans.safetensors")));
  }

  @Test
  void partsOfAGraphJoinToTheSameFile() throws IOException {
    done(
        shell, "graph", in("bank"), "-o", out("one.knn"), "--neighbors", "4", "--engine", "vector");
    for (String part : new String[] {"1/3", "2/3", "3/3"}) {
      String file = out(part.charAt(0) + ".knn");
      done(shell, "graph", in("bank"), "--part", part, "-o", file, "--neighbors", "4");
      done(shell, "graph", in("bank"), "--part", part, "-o", file, "--neighbors", "4");
      assertTrue(shell.out().contains("is there already"), shell.out());
    }
    String[] parts = {out("3.knn"), out("1.knn"), out("2.knn")};
    String err = fails(1, "graph", "merge", parts[0], parts[2], "-o", out("joined.knn"));
    assertTrue(err.contains("missing: 1/3"), err);
    err = fails(1, "graph", in("bank"), "--part", "2/3", "-o", parts[0], "--neighbors", "4");
    assertTrue(err.contains("is part 3/3 of a graph, not 2/3"), err);
    done(shell, "graph", "merge", parts[0], parts[1], parts[2], "-o", out("joined.knn"));
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("one.knn")),
        Files.readAllBytes(folder.resolve("joined.knn")));
    err = fails(1, "graph", "merge", parts[0], parts[1], parts[2], "-o", out("joined.knn"));
    assertTrue(err.contains("--overwrite"), err);
    done(shell, "info", "--verify", parts[1]);
    assertTrue(shell.out().contains("1/3") && shell.out().contains("good"), shell.out());
  }

  @Test
  void graphReportsItsJson() {
    done(shell, "graph", in("bank"), "-o", out("g.knn"), "--neighbors", "4", "--json", "-");
    JsonObject json = JsonParser.parseString(shell.out()).getAsJsonObject();
    assertEquals(
        Set.of(
            "n", "neighbors", "dim", "engine", "index", "exact", "recall", "seconds", "peak-bytes"),
        json.keySet());
    assertEquals(8 * 8 * 6, json.get("n").getAsInt());
    assertTrue(json.get("exact").getAsBoolean());
    assertTrue(shell.err().contains("about"), "messages go to standard error: " + shell.err());
  }

  @Test
  void everyEpochIsALineOfTheLog() throws IOException {
    List<JsonObject> epochs = EpochLog.read(work.resolve("log.jsonl"));
    assertEquals(2, epochs.size());
    assertEquals(
        Set.of(
            "epoch",
            "step",
            "loss",
            "regulariser",
            "temperature",
            "learning-rate",
            "clusters-used",
            "patches-per-second"),
        epochs.getLast().keySet());
    assertEquals(4, epochs.getLast().get("step").getAsInt());
  }

  @Test
  void evaluateReportsEveryModelAndMatching() throws IOException {
    Path file = folder.resolve("result.json");
    done(
        shell,
        "evaluate",
        "--dataset",
        "folder",
        "--root",
        in("scenes"),
        "--split",
        "val",
        "--json",
        file.toString(),
        in("kmeans.safetensors"),
        in("ours.safetensors"),
        in("hidden.safetensors"));
    JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    assertEquals(3, json.get("images").getAsInt());
    assertTrue(
        json.keySet().containsAll(Set.of("dataset", "split", "images", "results", "seconds")));
    assertTrue(json.getAsJsonArray("results").size() >= 9);
    for (JsonElement element : json.getAsJsonArray("results")) {
      JsonObject result = element.getAsJsonObject();
      assertTrue(result.keySet().containsAll(RESULT_KEYS), result.toString());
      double miou = result.get("miou").getAsDouble();
      assertTrue(miou > 1 && miou <= 100, "percent, not fractions: " + miou);
    }
    assertTrue(shell.out().contains("iou (oracle)") && shell.out().contains("Ours*"), shell.out());
  }

  @Test
  void evaluateComparesWithAndWithoutTheCrf() {
    JsonObject whole = evaluate("--crf", "both");
    assertEquals("[false,true]", crf(whole));
    assertTrue(shell.err().contains("off") && shell.err().contains("on"), shell.err());
    JsonObject windows =
        evaluate("--crf", "both", "--window", "64", "--scales", "0.75,1", "--flip");
    assertEquals("[false,true]", crf(windows));
    assertEquals("48", windows.getAsJsonObject("settings").get("stride").getAsString());
    // What is on can be had alone, and is the same.
    JsonObject alone = evaluate("--crf", "on");
    assertEquals("[true]", crf(alone));
    assertEquals(iou(whole).get(1), iou(alone).get(0));
  }

  private JsonObject evaluate(String... options) {
    List<String> arguments =
        new ArrayList<>(
            List.of("evaluate", "--dataset", "folder", "--root", in("scenes"), "--split", "val"));
    arguments.addAll(List.of("--match", "iou", "--json", "-", in("kmeans.safetensors")));
    arguments.addAll(List.of(options));
    done(shell, arguments.toArray(String[]::new));
    return JsonParser.parseString(shell.out()).getAsJsonObject();
  }

  private static String crf(JsonObject evaluation) {
    JsonArray flags = new JsonArray();
    iou(evaluation).forEach(result -> flags.add(result.get("crf")));
    return flags.toString();
  }

  private static List<JsonObject> iou(JsonObject evaluation) {
    return evaluation.getAsJsonArray("results").asList().stream()
        .map(JsonElement::getAsJsonObject)
        .filter(result -> result.get("matching").getAsString().equals("iou"))
        .toList();
  }

  @Test
  void otherViewsAreOtherResults() throws IOException {
    String images = in("scenes/images/val");
    String[] plain = {"segment", "-m", in("kmeans.safetensors"), "-o", out("maps"), images};
    String[] windows = {
      "segment",
      "-m",
      in("kmeans.safetensors"),
      "-o",
      out("maps"),
      "--window",
      "64",
      "--scales",
      "1,1.5",
      "--flip",
      "--crf",
      "on",
      "--max-crf-pixels",
      "4096",
      images
    };
    done(shell, plain);
    byte[] before = Files.readAllBytes(folder.resolve("maps/scene-0000.png"));
    String err = fails(1, windows);
    assertTrue(err.contains("the defaults") && err.contains("--window 64"), err);
    assertArrayEquals(before, Files.readAllBytes(folder.resolve("maps/scene-0000.png")));

    windows[windows.length - 1] = in("scenes/images/val/scene-0000.png");
    String[] overwrite = Arrays.copyOf(windows, windows.length + 1);
    overwrite[windows.length] = "--overwrite";
    done(shell, overwrite);
    assertEquals(1, shell.out().split("overlapping tiles", -1).length - 1, shell.out());
    assertFalse(Arrays.equals(before, Files.readAllBytes(folder.resolve("maps/scene-0000.png"))));
    assertFalse(Files.exists(folder.resolve("maps/scene-0001.png")), "made with other options");
    windows[windows.length - 1] = images;
    done(shell, windows);
    assertTrue(shell.out().contains("2 images segmented, 1 there before"), shell.out());
    fails(1, plain);
  }

  @Test
  void resultsFromBeforeThereWereViewsAreContinued() throws IOException {
    String[] plain = {
      "segment", "-m", in("kmeans.safetensors"), "-o", out("maps"), in("scenes/images/val")
    };
    done(shell, plain);
    Path record = folder.resolve("maps/images.jsonl");
    String lines = Files.readString(record);
    assertTrue(lines.contains(",\"settings\":\"\""), lines);
    Files.writeString(record, lines.replace(",\"settings\":\"\"", ""));
    done(shell, plain);
    assertTrue(shell.out().contains("0 images segmented, 3 there before"), shell.out());
  }

  @Test
  void aNamedModelWritesClassesAndAnUnnamedOneClusters() throws IOException {
    String images = in("scenes/images/val");
    done(shell, "segment", "-m", in("ours.safetensors"), "-o", out("clusters"), images);
    assertTrue(Files.readString(folder.resolve("clusters/classes.json")).contains("cluster 7"));

    Path model = Files.copy(work.resolve("ours.safetensors"), folder.resolve("named.safetensors"));
    done(
        shell,
        "match",
        model.toString(),
        "--dataset",
        "folder",
        "--root",
        in("scenes"),
        "--split",
        "train");
    done(shell, "segment", "-m", model.toString(), "-o", out("classes"), images);
    assertTrue(Files.readString(folder.resolve("classes/classes.json")).contains("Sky"));
    BufferedImage map = Images.readRaw(folder.resolve("classes/scene-0000.png"));
    assertEquals(128, map.getWidth());
    for (int sample : map.getRaster().getSamples(0, 0, 128, 96, 0, (int[]) null)) {
      assertTrue(sample <= GeneratedScenes.classes().size(), "class " + sample);
    }
    done(
        shell,
        "evaluate",
        "--dataset",
        "folder",
        "--root",
        in("scenes"),
        "--split",
        "val",
        "--match",
        "stored",
        model.toString());
    assertFalse(shell.out().contains("stored (oracle)"), shell.out());

    done(shell, "segment", "-m", model.toString(), "-o", out("classes"), images);
    assertTrue(shell.out().contains("0 images segmented, 3 there before"), shell.out());
    String err = fails(1, "segment", "-m", in("kmeans.safetensors"), "-o", out("classes"), images);
    assertTrue(err.contains("another model"), err);
  }

  @Test
  void clustersGetTheNamesOfAFile() throws IOException {
    Path model = Files.copy(work.resolve("kmeans.safetensors"), folder.resolve("m.safetensors"));
    Path names = folder.resolve("names.json");
    Files.writeString(names, "{\"0\": \"sky\", \"3\": \"road\", \"5\": \"sky\"}");
    done(shell, "match", model.toString(), "--names", names.toString(), "--json", "-");
    assertEquals(
        "[\"sky\",\"\",\"\",\"road\",\"\",\"sky\",\"\",\"\"]",
        JsonParser.parseString(shell.out()).getAsJsonObject().get("clusters").toString());
    byte[] before = Files.readAllBytes(model);
    for (String wrong :
        List.of("{\"8\": \"sky\"}", "{\"x\": \"sky\"}", "{\"0\": \"\"}", "{}", "[1]", "{")) {
      Files.writeString(names, wrong);
      fails(1, "match", model.toString(), "--names", names.toString());
    }
    assertArrayEquals(before, Files.readAllBytes(model));
  }

  @Test
  void infoDescribesTheMachineAndEveryFile() {
    done(shell, "info");
    for (String part :
        List.of("jdk", "simd", "vector", "descriptor", "torchscript", "libtorch", "devices")) {
      assertTrue(shell.out().contains(part), part + " in " + shell.out());
    }
    done(shell, "info", "--verify", in("bank"));
    assertTrue(shell.out().contains("checksums: good"), shell.out());
    done(shell, "info", "--verify", in("bank/graph.knn"));
    assertTrue(shell.out().contains("neighbors: 16"), shell.out());
    done(shell, "info", in("ours.safetensors"));
    assertTrue(shell.out().contains("neural-eigenfunctions"), shell.out());
  }

  @Test
  void unusableImagesStopOrAreSkippedAndTheRestIsKept() throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.png"), "no image");
    String good = in("scenes/images/train/scene-0000.png");
    String later = in("scenes/images/train/scene-0001.png");
    String err = fails(1, "extract", "-o", out("stopped"), good, broken.toString(), later);
    assertTrue(err.contains("broken.png"), err);
    done(shell, "info", "--verify", out("stopped"));
    assertTrue(shell.out().contains("images: 1"), shell.out());

    err =
        fails(
            1,
            "extract",
            "-o",
            out("skipped"),
            "--on-error",
            "skip",
            good,
            broken.toString(),
            out("no.png"),
            later);
    assertTrue(err.contains("skipped 2 inputs") && err.contains("no.png"), err);
    done(shell, "info", "--verify", out("skipped"));
    assertTrue(shell.out().contains("images: 2"), shell.out());

    err =
        fails(
            1,
            "segment",
            "-m",
            in("kmeans.safetensors"),
            "-o",
            out("maps"),
            "--on-error",
            "skip",
            good,
            broken.toString());
    assertTrue(err.contains("skipped 1 input:"), err);
    assertTrue(Files.exists(folder.resolve("maps/scene-0000.png")));
  }

  @Test
  void zeroImagesAreAnError() throws IOException {
    Files.createDirectory(folder.resolve("empty"));
    assertTrue(fails(1, "extract", "-o", out("bank"), out("empty")).contains("no images"));
    assertFalse(Files.exists(folder.resolve("bank")));
  }

  @Test
  void moreClustersOrNeighboursThanPatchesAreAnError() {
    String err =
        fails(
            1,
            "train",
            in("bank"),
            "-o",
            out("m"),
            "--clusters",
            "100000",
            "--method",
            "kmeans-features");
    assertTrue(err.contains("100000") && err.contains("384"), err);
    fails(1, "train", in("bank"), "-o", out("m"), "--clusters", "100000");
    err = fails(1, "graph", in("bank"), "-o", out("g.knn"), "--neighbors", "384");
    assertTrue(err.contains("384"), err);
  }

  @Test
  void aTruncatedBankIsNamed() throws IOException {
    done(shell, "extract", "-o", out("bank"), in("scenes/images/train"));
    Path high = folder.resolve("bank/high-00000.bank");
    try (FileChannel channel = FileChannel.open(high, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
    assertTrue(fails(1, "graph", out("bank")).contains("high-00000.bank"));
    fails(
        1, "train", out("bank"), "-o", out("m"), "--clusters", "4", "--method", "kmeans-features");
  }

  @Test
  void labelsOfAnotherSizeAreAnError() throws IOException {
    GeneratedScenes.write(
        folder.resolve("s"), 1, 1, new ImageGeometry.Size(64, 48), 1, 1, Progress.NONE);
    Path label = Path.of("labels/val/scene-0000.png");
    Files.delete(folder.resolve("s").resolve(label));
    Files.copy(work.resolve("scenes").resolve(label), folder.resolve("s").resolve(label));
    String err =
        fails(
            1,
            "evaluate",
            "--dataset",
            "folder",
            "--root",
            out("s"),
            "--split",
            "val",
            in("kmeans.safetensors"));
    assertTrue(err.contains("128") && err.contains("64"), err);
  }

  @Test
  void aBackboneThatDoesNotExistIsAnError() {
    String err = fails(1, "extract", "-b", "magic:x", "-o", out("bank"), in("scenes/images/train"));
    assertTrue(err.contains("magic") && err.contains("descriptor"), err);
  }

  @Test
  void aModelOfAnotherBackboneIsAnError() {
    Path weights =
        Path.of(
            System.getProperty("eigenseg.shared", "../shared"), "weights", "mobilenetv2-dense.pt");
    if (System.getenv("CI") == null) {
      assumeTrue(Files.exists(weights), "no reference weights at " + weights);
    }
    String err =
        fails(
            1,
            "segment",
            "-m",
            in("kmeans.safetensors"),
            "-b",
            "torchscript:" + weights,
            "--trust",
            "-o",
            out("maps"),
            in("scenes/images/val"));
    assertTrue(err.contains("descriptor"), err);
  }

  @Test
  void stoppedCommandsEndWith130AndWhatWasThereStaysValid() throws IOException {
    Shell stopped = new Shell();
    stopped.cancellation().request();
    List<String[]> commands =
        List.of(
            new String[] {"extract", "-o", out("bank"), in("scenes/images/train")},
            new String[] {"graph", in("bank"), "-o", out("g.knn"), "--neighbors", "4"},
            new String[] {"train", in("bank"), "-o", out("m"), "--clusters", "4"},
            new String[] {
              "train", in("bank"), "-o", out("m"), "--clusters", "4", "--method", "kmeans-features"
            },
            new String[] {
              "segment", "-m", in("ours.safetensors"), "-o", out("maps"), in("scenes/images/val")
            },
            new String[] {
              "evaluate",
              "--dataset",
              "folder",
              "--root",
              in("scenes"),
              "--split",
              "val",
              in("ours.safetensors")
            },
            new String[] {
              "match",
              in("ours.safetensors"),
              "--dataset",
              "folder",
              "--root",
              in("scenes"),
              "--split",
              "train"
            },
            new String[] {"demo", "-o", out("demo")});
    for (String[] arguments : commands) {
      assertEquals(130, stopped.run(arguments), String.join(" ", arguments) + "\n" + stopped.err());
    }
    assertFalse(Files.exists(folder.resolve("g.knn")) || Files.exists(folder.resolve("m")));
    done(shell, "info", "--verify", in("bank"));
    done(shell, "info", in("ours.safetensors"));
  }

  @Test
  void imagesComputedBeforeAnInterruptAreKept() throws IOException {
    Shell stopped = new Shell();
    List<Path> images =
        Inputs.expand(List.of(in("scenes/images/train"))).stream().map(Inputs.Input::path).toList();
    try (Backbone backbone = stoppingAfter(3, Backbones.open("descriptor", "cpu"), stopped)) {
      assertThrows(
          CancelledException.class,
          () ->
              Extractor.extract(
                  images,
                  backbone,
                  folder.resolve("bank"),
                  ExtractOptions.DEFAULT.withThreads(stopped.session().threads()),
                  stopped.session().progress()));
    }
    done(shell, "info", "--verify", out("bank"));
    assertTrue(shell.out().contains("images: 3"), shell.out());
  }

  @Test
  void aBankOfViewsContinuesInTheMiddleOfAnImage() throws IOException {
    String[] options = {"--views", "3", "--seed", "7", "--augment-crop", "64x64"};
    extract("whole", options);
    assertTrue(shell.out().contains("8 images in 24 views"), shell.out());
    AugmentedViews views =
        new AugmentedViews(3, Augmentation.DEFAULT.withCrop(new ImageGeometry.Size(64, 64)), 7);
    String first = in("scenes/images/train/scene-0000.png");
    try (Backbone backbone = Backbones.open("descriptor", "cpu");
        FeatureBankWriter writer =
            FeatureBankWriter.open(
                folder.resolve("rest"),
                settings(backbone, views),
                Provenance.here("extract", Map.of(), Map.of(), 0, "cpu"))) {
      BufferedImage image = Images.read(Path.of(first));
      ImageGeometry geometry = settings(backbone).geometry();
      BankViews.View view = views.view(geometry, image.getWidth(), image.getHeight(), first, 2);
      append(
          writer, backbone, first, 1, image.getWidth(), image.getHeight(), geometry.pixels(image));
      append(writer, backbone, first, 2, view.width(), view.height(), view.pixels(image));
    } // as a crash leaves it: never finished
    extract("rest", options);
    try (Stream<Path> files = Files.list(folder.resolve("whole"))) {
      for (Path file : files.filter(file -> !file.endsWith("manifest.json")).toList()) {
        assertEquals(-1, Files.mismatch(file, folder.resolve("rest").resolve(file.getFileName())));
      }
    }

    extract("rest", options);
    assertTrue(shell.out().contains("8 of 8 images are in the bank already"), shell.out());
    String err = fails(1, "extract", "-o", out("rest"), in("scenes/images/train"));
    assertTrue(err.contains("--views") && err.contains("--overwrite"), err);
    done(shell, "info", "--verify", out("rest"));
    assertTrue(shell.out().contains("all-views: 24"), shell.out());
    done(shell, "graph", out("rest"), "--neighbors", "8");
    String[] small = {"--clusters=6", "--epochs=1", "--projection=32", "--head-dim=8"};
    train(out("rest"), "views.safetensors", "camvid", small);
  }

  private void extract(String bank, String... options) {
    List<String> arguments =
        new ArrayList<>(List.of("extract", "-o", out(bank), in("scenes/images/train")));
    arguments.addAll(1, List.of(options));
    done(shell, arguments.toArray(String[]::new));
  }

  private static void append(
      FeatureBankWriter writer,
      Backbone backbone,
      String path,
      int view,
      int width,
      int height,
      Tensor pixels)
      throws IOException {
    try (pixels;
        PatchFeatures features = backbone.extract(pixels);
        Tensor colors =
            new ImageGeometry(Optional.empty(), backbone.patchSize()).patchColors(pixels)) {
      writer.append(path, view, width, height, features, colors);
    }
  }

  @Test
  void aPresetIsItsOptionsAndWhatIsGivenBesideItCountsMore() throws IOException {
    String[] smaller = {"--clusters=8", "--projection=64", "--epochs=2", "--batch-size=4"};
    train(in("bank"), "preset.safetensors", "camvid", smaller);
    assertEquals(
        -1, Files.mismatch(work.resolve("ours.safetensors"), folder.resolve("preset.safetensors")));
    done(
        shell,
        "train",
        in("bank"),
        "-o",
        out("kmeans.safetensors"),
        "--preset",
        "camvid",
        "--method",
        "kmeans-features");
    done(shell, "info", out("kmeans.safetensors"));
    assertTrue(shell.out().contains("clusters: 64"), shell.out());
  }

  @Test
  void anAugmentedRunIsContinuedWithTheSameAugmentationOnly() {
    String[] small = {
      "--clusters=6",
      "--projection=32",
      "--head-dim=8",
      "--epochs=1",
      "--batch-size=4",
      "--neighbors=8",
      "--augment-base=128x96",
      "--augment-crop=64x64"
    };
    train(in("bank"), "augmented.safetensors", "pascal-context", small);
    train(in("bank"), "augmented.safetensors", "pascal-context", small);
    assertTrue(shell.out().contains("is there already"), shell.out());
    small[7] = "--augment-crop=64x72";
    String err = fails(1, training(in("bank"), "augmented.safetensors", "pascal-context", small));
    assertTrue(err.contains("augment-crop") && err.contains("64x72"), err);
  }

  private void train(String bank, String model, String preset, String... options) {
    done(shell, training(bank, model, preset, options));
  }

  private String[] training(String bank, String model, String preset, String... options) {
    List<String> arguments =
        new ArrayList<>(List.of("train", bank, "-o", out(model), "--preset", preset));
    arguments.addAll(List.of(options));
    return arguments.toArray(String[]::new);
  }

  private static BankSettings settings(Backbone backbone) {
    return settings(backbone, BankViews.PLAIN);
  }

  private static BankSettings settings(Backbone backbone, BankViews views) {
    return new BankSettings(
        backbone.id(),
        backbone.sha256(),
        "descriptor",
        Map.of(),
        backbone.dims(),
        DType.F32,
        new ImageGeometry(Optional.empty(), backbone.patchSize())
            .withBorder(ImageGeometry.Border.FIT),
        views.settings());
  }

  private static Backbone stoppingAfter(int images, Backbone backbone, Shell shell) {
    AtomicInteger extracted = new AtomicInteger();
    return new Backbone() {
      @Override
      public String id() {
        return backbone.id();
      }

      @Override
      public String sha256() {
        return backbone.sha256();
      }

      @Override
      public int patchSize() {
        return backbone.patchSize();
      }

      @Override
      public Backbone.FeatureDims dims() {
        return backbone.dims();
      }

      @Override
      public PatchFeatures extract(Tensor pixels) {
        PatchFeatures features = backbone.extract(pixels);
        if (extracted.incrementAndGet() == images) {
          shell.cancellation().request();
        }
        return features;
      }

      @Override
      public void close() {
        backbone.close();
      }
    };
  }

  @Test
  void aDemoNeverReplacesAFolderThatIsNotADemo() throws IOException {
    Path precious = Files.writeString(folder.resolve("precious.txt"), "mine");
    assertTrue(fails(1, "demo", "-o", folder.toString()).contains("holds no demo"));
    assertEquals("mine", Files.readString(precious));
  }

  @Test
  void aFileThatOnlyHasTheMarkersNameMakesNoDemo() throws IOException {
    Path precious = Files.writeString(folder.resolve("precious.txt"), "mine");
    Path marker = Files.writeString(folder.resolve("demo.json"), "{\"made-by\": \"me\"}");
    assertTrue(fails(1, "demo", "-o", folder.toString()).contains("holds no demo"));
    assertTrue(Files.exists(precious) && Files.exists(marker));
  }

  @Test
  void aDemoReplacesOnlyWhatAnEarlierOneWrote() throws IOException {
    Shell stopped = new Shell();
    stopped.cancellation().request(); // ends a demo after its preparations
    assertEquals(130, stopped.run("demo", "-o", folder.toString()), stopped.err());
    List<String> foreign = List.of("notes.txt", "mine.safetensors", "segments/mine/a.png");
    List<String> own =
        List.of(
            "bank/images.tsv",
            "scenes/images/val/scene-0000.png",
            "segments/ours/a.png",
            "ours.safetensors",
            "ours.safetensors.checkpoint",
            "training.jsonl",
            "evaluation.json",
            "comparison.png",
            "loss-curve.png");
    for (String name : Stream.concat(foreign.stream(), own.stream()).toList()) {
      Files.createDirectories(folder.resolve(name).getParent());
      Files.writeString(folder.resolve(name), name);
    }
    assertEquals(130, stopped.run("demo", "-o", folder.toString()), stopped.err());
    for (String name : foreign) {
      assertTrue(Files.exists(folder.resolve(name)), name);
    }
    for (String name : own) {
      assertFalse(Files.exists(folder.resolve(name)), name);
    }
    assertTrue(Files.exists(folder.resolve("demo.json")));
  }

  @Test
  void resultsOfAnotherModelAreNeverTakenForDone() throws IOException {
    String images = in("scenes/images/val");
    String ours = in("ours.safetensors");
    done(shell, "segment", "-m", in("kmeans.safetensors"), "-o", out("maps"), images);
    byte[] before = Files.readAllBytes(folder.resolve("maps/scene-0001.png"));
    String first = images + "/scene-0000.png";
    done(shell, "segment", "-m", ours, "-o", out("maps"), "--overwrite", first);
    assertFalse(Files.exists(folder.resolve("maps/scene-0001.png")));
    assertFalse(Files.exists(folder.resolve("maps/scene-0001-overlay.png")));
    done(shell, "segment", "-m", ours, "-o", out("maps"), images);
    assertTrue(shell.out().contains("2 images segmented, 1 there before"), shell.out());
    assertFalse(Arrays.equals(before, Files.readAllBytes(folder.resolve("maps/scene-0001.png"))));
  }

  @Test
  void onlyTheSameUnchangedImageIsTakenForDone() throws IOException {
    String model = in("kmeans.safetensors");
    Path scenes = work.resolve("scenes/images/val");
    Path a = Files.createDirectory(folder.resolve("a")).resolve("street.png");
    Path b = Files.createDirectory(folder.resolve("b")).resolve("street.png");
    Files.copy(scenes.resolve("scene-0000.png"), a);
    Files.copy(scenes.resolve("scene-0001.png"), b);
    done(shell, "segment", "-m", model, "-o", out("maps"), a.toString());
    byte[] before = Files.readAllBytes(folder.resolve("maps/street.png"));

    String err = fails(1, "segment", "-m", model, "-o", out("maps"), b.toString());
    assertTrue(err.contains(a.toString()) && err.contains(b.toString()), err);
    assertArrayEquals(before, Files.readAllBytes(folder.resolve("maps/street.png")));

    Files.copy(b, a, StandardCopyOption.REPLACE_EXISTING);
    done(shell, "segment", "-m", model, "-o", out("maps"), a.toString());
    assertTrue(shell.out().contains("1 images segmented, 0 there before"), shell.out());
    assertFalse(Arrays.equals(before, Files.readAllBytes(folder.resolve("maps/street.png"))));
    done(shell, "segment", "-m", model, "-o", out("maps"), a.toString());
    assertTrue(shell.out().contains("0 images segmented, 1 there before"), shell.out());

    done(shell, "segment", "-m", model, "-o", out("maps"), "--overwrite", b.toString());
    assertTrue(shell.out().contains("1 images segmented"), shell.out());
  }

  @Test
  void aFileOfUnknownOriginIsNotTakenForAResult() throws IOException {
    Files.createDirectory(folder.resolve("maps"));
    Path precious = Files.writeString(folder.resolve("maps/scene-0000.png"), "mine");
    String model = in("kmeans.safetensors");
    fails(1, "segment", "-m", model, "-o", out("maps"), in("scenes/images/val"));
    assertEquals("mine", Files.readString(precious));
  }

  @Test
  void aBankIsReplacedOnlyIfANewOneCanBeMade() {
    String images = in("scenes/images/val");
    done(shell, "extract", "-o", out("bank"), images);
    String pt = "torchscript:" + out("no.pt");
    fails(1, "extract", "--overwrite", "-b", pt, "-o", out("bank"), images);
    fails(1, "extract", "--overwrite", "-o", out("bank"), images, out("no.png"));
    done(shell, "info", "--verify", out("bank"));
    assertTrue(shell.out().contains("images: 3"), shell.out());
  }

  @Test
  void resultsAmongThePhotographsAreNotSegmentedThemselves() throws IOException {
    Path photos = Files.createDirectory(folder.resolve("photos"));
    String name = "写".repeat(83) + ".png"; // of 253 bytes: an overlay's ending has no room
    Path scene = firstScene();
    Files.copy(scene, photos.resolve("a.png"));
    Files.copy(scene, photos.resolve(name));
    String[] segment = {
      "segment",
      "-m",
      in("kmeans.safetensors"),
      "-o",
      out("photos/seg"),
      out("photos"),
      "--format=fiftyone"
    };
    done(shell, segment);
    assertTrue(shell.out().contains("2 images segmented, 0 there before"), shell.out());
    assertTrue(Files.exists(photos.resolve("seg").resolve(name)));
    done(shell, segment);
    assertTrue(shell.out().contains("0 images segmented, 2 there before"), shell.out());
    // Three files that say what they are, two maps and overlays, and FiftyOne's two and two and
    // three.
    assertTrue(shell.out().contains("left out: 14 results of Eigenseg"), shell.out());
    done(shell, "extract", "-o", out("bank"), out("photos"));
    assertTrue(shell.out().contains("bank: 2 images"), shell.out());
    Files.createDirectory(folder.resolve("one"));
    done(shell, "extract", "-o", out("bank"), out("one/../photos/a.png"));
    assertTrue(shell.out().contains("1 of 1 images are in the bank already"), shell.out());
  }

  @Test
  void whatIsLeftOutOfAFolderIsSaid() throws IOException {
    Path photos = Files.createDirectory(folder.resolve("photos"));
    Files.copy(firstScene(), photos.resolve("a.png"));
    for (String other : List.of("._a.png", ".DS_Store", "b.heic", "c.txt", "d.txt")) {
      Files.writeString(photos.resolve(other), "none");
    }
    done(shell, "extract", "-o", out("bank"), out("photos"));
    assertTrue(
        shell.out().contains("left out: 3 files that are no images (.heic, 2 .txt), 2 hidden\n"),
        shell.out());
  }

  @Test
  void anExtractThatReadNothingBindsNoOther() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.png"), "none");
    fails(1, "extract", "-o", out("bank"), bad.toString());
    fails(1, "extract", "-o", out("bank"), "--on-error=skip", bad.toString());
    assertFalse(Files.exists(folder.resolve("bank")));
    done(shell, "extract", "-o", out("bank"), "--size=64x64", firstScene().toString());
  }

  @Test
  void storedNamesAreMissedBeforeTheWork() throws IOException {
    String refused =
        fails(
            1,
            "evaluate",
            "--match=stored",
            "--dataset=folder",
            "--root=" + out("nowhere"),
            "--split=val",
            in("kmeans.safetensors"));
    assertTrue(refused.contains("holds no names for its clusters"), refused);
  }

  @Test
  void jsonThatIsNoneIsNamedByItsPlace() throws IOException {
    Path names =
        Files.writeString(folder.resolve("names.json"), "{\n  \"0\": \"sky\"\n  \"1\": 2\n}");
    String place = fails(1, "match", in("kmeans.safetensors"), "--names", names.toString());
    assertTrue(place.contains("names.json: not JSON at line 3, column "), place);
    assertTrue(place.contains("{\"0\": \"sky\", \"7\": \"road\"}"), place);
    Files.writeString(names, "sky\ngrass\n");
    String text = fails(1, "match", in("kmeans.safetensors"), "--names", names.toString());
    for (String foreign : List.of("gson", "Gson", "MalformedJson", "https://")) {
      assertFalse((place + text).contains(foreign), place + text);
    }
  }

  @Test
  void noLocaleChangesAFile() throws IOException {
    Locale before = Locale.getDefault();
    SortedMap<String, String> expected = filesOf("root");
    try {
      for (String language :
          List.of("tr-TR", "ar-EG-u-nu-arab", "de-DE", "fa-IR", "hi-IN-u-nu-deva")) {
        Locale.setDefault(Locale.forLanguageTag(language));
        SortedMap<String, String> files = filesOf(language);
        assertEquals(expected.keySet(), files.keySet(), language);
        for (String file : files.keySet()) {
          assertEquals(expected.get(file), files.get(file), file + " in " + language);
        }
      }
    } finally {
      Locale.setDefault(before);
    }
  }

  /** What the commands write, by name; of files that hold times, without their numbers. */
  private SortedMap<String, String> filesOf(String place) throws IOException {
    Path home = Files.createDirectory(folder.resolve(place));
    String scenes = in("scenes/images/val");
    done(shell, "extract", "-o", home + "/bank", scenes, "--json=" + home + "/extract.json");
    for (int part = 1; part <= 2; part++) {
      done(shell, "graph", home + "/bank", "--neighbors=16", "--part=" + part + "/2");
    }
    done(shell, "graph", home + "/bank", "--neighbors=16", "--json=" + home + "/graph.json");
    done(
        shell,
        "train",
        home + "/bank",
        "--threads=1",
        "-o",
        home + "/m.safetensors",
        "--clusters=4",
        "--projection=16",
        "--heads=1",
        "--head-dim=16",
        "--epochs=1",
        "--batch-size=2",
        "--log=" + home + "/log.jsonl");
    String model = in("kmeans.safetensors");
    // One thread: images.jsonl has its lines in the order in which images were finished.
    done(
        shell,
        "segment",
        "--threads=1",
        "-m",
        model,
        "-o",
        home + "/seg",
        "--format=coco-rle,polygons",
        scenes);
    done(
        shell,
        "evaluate",
        "--dataset=folder",
        "--root=" + in("scenes"),
        "--split=val",
        "--per-class",
        "--markdown=" + home + "/scores.md",
        "--json=" + home + "/scores.json",
        model);
    done(shell, "report", "-m", model, "-o", home + "/report", "--limit=2", scenes);
    done(shell, "info", home + "/m.safetensors", "--json=" + home + "/info.json");
    SortedMap<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(home)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        boolean timed = file.toString().matches(".*/(log\\.jsonl|[a-z]+\\.json|report\\.html)");
        files.put(
            home.relativize(file).toString(),
            timed ? withoutNumbers(text, home) : Hashes.sha256(text));
      }
    }
    return files;
  }

  private static String withoutNumbers(String text, Path home) {
    return text.replace(home.toString(), "HOME")
        .replaceAll("-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?", "N");
  }

  private static Path firstScene() throws IOException {
    try (Stream<Path> scenes = Files.list(work.resolve("scenes/images/val"))) {
      return scenes.sorted().findFirst().orElseThrow();
    }
  }
}
