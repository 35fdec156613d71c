package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Studies, carried out small. */
class ReproduceTest {
  private static final String VIT_SMALL = "vit_small_patch16_384.augreg_in21k_ft_in1k.safetensors";

  private final Shell shell = new Shell();

  @TempDir private Path folder;

  private String in(String name) {
    return folder.resolve(name).toString();
  }

  private void scenes(int width, int height) throws IOException {
    GeneratedScenes.write(
        folder.resolve("data"), 4, 3, new ImageGeometry.Size(width, height), 1, 2, Progress.NONE);
  }

  private int reproduce(String... arguments) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "reproduce",
                "--data=" + in("data"),
                "--weights=" + in("weights"),
                "-o",
                in("out"),
                "--epochs=1"));
    all.addAll(List.of(arguments));
    return shell.run(all.toArray(String[]::new));
  }

  private JsonObject json(String name) throws IOException {
    return JsonParser.parseString(Files.readString(folder.resolve(name))).getAsJsonObject();
  }

  private static void done(int code, Shell shell) {
    assertEquals(0, code, shell.err() + shell.out());
  }

  @Test
  void questionsAreAskedOfOnesOwnImages() throws IOException {
    scenes(128, 96);
    String[] study = {
      "--dataset=folder", "-b", "descriptor", "--clusters=4,5", "--parts=k,beta", "--seeds=2"
    };
    planned(study);
    done(reproduce(study), shell);
    assertTrue(shell.out().contains("estimated time: about"), shell.out());
    JsonObject results = json("out/folder/results.json");
    assertTrue(results.get("complete").getAsBoolean());
    assertEquals((2 * 3 + 3 * 2) * 3, results.getAsJsonArray("rows").size()); // by matching
    for (JsonElement row : results.getAsJsonArray("rows")) {
      JsonObject own = row.getAsJsonObject().getAsJsonObject("own");
      assertEquals(2, own.get("n").getAsInt());
      assertTrue(own.getAsJsonObject("miou").has("std"), own.toString());
      assertFalse(row.getAsJsonObject().has("known"), row.toString());
    }
    String markdown = Files.readString(folder.resolve("out/folder/results.md"));
    assertTrue(markdown.contains("## beta, matching hungarian (oracle)"), markdown);
    assertTrue(markdown.contains("| K = 5 | Ours* | 5 | off | not known here |"), markdown);

    List<String> before = files();
    done(reproduce(study), shell);
    assertEquals(before, files());
    assertFalse(shell.out().contains("$ eigenseg evaluate"), shell.out());
    assertTrue(shell.out().contains("is there already, with the same settings"), shell.out());
    assertEquals(results, json("out/folder/results.json"));

    assertEquals(1, reproduce("--dataset=folder", "-b", "descriptor", "--limit=3"));
    assertTrue(shell.err().contains("holds work with another limit"), shell.err());
  }

  private void planned(String... study) {
    List<String> plan = new ArrayList<>(List.of(study));
    plan.add("--plan");
    done(reproduce(plan.toArray(String[]::new)), shell);
    // Bank and graph; three trainings for each K, two for each other beta; five scorings.
    assertEquals(2 + 2 * 3 + 2 * 2 + 5, steps().size(), shell.out());
    assertFalse(Files.exists(folder.resolve("out/folder/results.md")));
  }

  // With their times: what is done is not written again.
  private List<String> files() throws IOException {
    try (Stream<Path> models = Files.list(folder.resolve("out/models"));
        Stream<Path> scores = Files.list(folder.resolve("out/folder/evaluations"))) {
      List<String> found = new ArrayList<>();
      for (Path file : Stream.concat(models, scores).sorted().toList()) {
        found.add(file.getFileName() + " " + Files.getLastModifiedTime(file));
      }
      return found;
    }
  }

  @Test
  void transferGoesBothWays() throws IOException {
    scenes(128, 96);
    done(
        reproduce(
            "--dataset=folder",
            "-b",
            "descriptor",
            "--size=128x96",
            "--clusters=4",
            "--parts=transfer",
            "--limit=3",
            "--seeds=1"),
        shell);
    List<String> pairs = new ArrayList<>();
    for (JsonElement element : json("out/folder/results.json").getAsJsonArray("rows")) {
      JsonObject row = element.getAsJsonObject();
      String pair = row.get("trained-on") + " " + row.get("evaluated-on");
      if (!pairs.contains(pair)) {
        pairs.add(pair);
      }
    }
    assertEquals(
        List.of(
            "\"folder/train\" \"folder/val\"",
            "\"scenes/train\" \"folder/val\"",
            "\"folder/train\" \"scenes/val\"",
            "\"scenes/train\" \"scenes/val\""),
        pairs);
    assertTrue(shell.out().contains("A trial with 3 images of each split"), shell.out());
  }

  @Test
  void whatIsMissingIsListedWithWhereToGetIt() throws IOException {
    Files.createDirectories(folder.resolve("data"));
    assertEquals(1, reproduce("--table=3"));
    String err = shell.err();
    assertTrue(err.contains("eigenseg weights pull vit_small_patch16_384"), err);
    assertTrue(err.contains("pascal-context-60: there is no SegmentationClassContext"), err);
    assertTrue(err.contains("https://www.cityscapes-dataset.com"), err);
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @Test
  void optionsOfOnesOwnStudyAreRefusedForTables() {
    assertEquals(2, reproduce("--table=9"));
    assertTrue(shell.err().contains("there is no table 9 to reproduce"), shell.err());
    assertEquals(2, reproduce("--table=1", "--clusters=4"));
    assertTrue(shell.err().contains("a table has its own settings"), shell.err());
    assertEquals(2, reproduce("--dataset=camvid", "--transfer=somewhere"));
    assertTrue(shell.err().contains("expected NAME=ROOT"), shell.err());
  }

  @Test
  void tableSevenIsTriedOnATreeLikePascalContext() throws IOException {
    scenes(320, 256);
    pascalContext();
    Files.createDirectories(folder.resolve("weights"));
    TinyVit.write(folder.resolve("weights").resolve(VIT_SMALL));

    done(reproduce("--table=7", "--seeds=1", "--limit=1", "--plan"), shell); // with a trial
    assertTrue(shell.out().contains("pascal-context-59/val: 1 images"), shell.out());
    // One bank; for each beta two trainings and a scoring.
    assertEquals(1 + 3 * 3, steps().size(), shell.out());
    assertTrue(steps().stream().anyMatch(step -> step.contains(" --beta 0.16 ")), shell.out());
    assertTrue(steps().getLast().contains("--protocol center-crop-320 --crf both"), shell.out());
  }

  private List<String> steps() {
    return shell
        .out()
        .lines()
        .filter(line -> line.startsWith("$ eigenseg") && !line.contains("/trial/"))
        .toList();
  }

  private void pascalContext() throws IOException {
    Path voc = folder.resolve("data/VOCdevkit/VOC2010");
    Path images = Files.createDirectories(voc.resolve("JPEGImages"));
    Path labels = Files.createDirectories(voc.resolve("SegmentationClassContext"));
    Path lists = Files.createDirectories(voc.resolve("ImageSets/SegmentationContext"));
    for (String split : List.of("train", "val")) {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        String scene = "scene-%04d.png".formatted(i);
        String name = split + i;
        names.add(name);
        BufferedImage image =
            ImageIO.read(folder.resolve("data/images").resolve(split).resolve(scene).toFile());
        assertTrue(ImageIO.write(image, "jpg", images.resolve(name + ".jpg").toFile()));
        Files.copy(
            folder.resolve("data/labels").resolve(split).resolve(scene),
            labels.resolve(name + ".png"));
      }
      Files.write(lists.resolve(split + ".txt"), names);
    }
  }
}
