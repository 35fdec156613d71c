package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint from the command line: how it is read, and a model that takes it along. */
class ExportTest {
  @TempDir static Path work;

  @TempDir Path folder;

  private final Shell shell = new Shell();

  /** A checkpoint, a bank of its features and a model. */
  @BeforeAll
  static void makeModel() throws IOException {
    GeneratedScenes.write(
        work.resolve("scenes"), 3, 2, new ImageGeometry.Size(96, 64), 1, 2, Progress.NONE);
    Files.createDirectories(work.resolve("weights"));
    TinyVit.write(work.resolve("weights/tiny.safetensors"));
    Shell shell = new Shell();
    done(shell, "extract", "-b", vit(), "-o", in("bank"), "--high", "keys", images());
    assertTrue(shell.out().contains("assumed normalization = vit"), shell.out());
    assertTrue(shell.out().contains("assumed eps = 1e-6"), shell.out());
    done(
        shell,
        "train",
        in("bank"),
        "-o",
        in("model.safetensors"),
        "--clusters=5",
        "--method=kmeans-features");
  }

  private static String vit() {
    return "vit:" + in("weights/tiny.safetensors");
  }

  private static String images() {
    return in("scenes/images/train");
  }

  private static String in(String name) {
    return work.resolve(name).toString();
  }

  private static void done(Shell shell, String... arguments) {
    assertEquals(0, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.err());
  }

  private String fails(int code, String... arguments) {
    assertEquals(code, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.out());
    assertFalse(shell.err().contains("unexpected failure"), shell.err());
    return shell.err();
  }

  private void segmented(String model, String output) {
    done(shell, "segment", "-m", model, "-o", output, in("scenes/images/val"));
  }

  @Test
  void oneFileAloneGivesTheSameSegments() throws IOException {
    Path alone = Files.createDirectories(folder.resolve("alone")).resolve("one.safetensors");
    done(shell, "export", in("model.safetensors"), "-o", alone + "", "--embed-backbone");
    segmented(in("model.safetensors"), folder.resolve("two-files").toString());
    // Without the folder of training there is no other file that could be found.
    Path hidden = Files.move(work.resolve("weights"), work.resolve("hidden"));
    try {
      segmented(alone.toString(), folder.resolve("one-file").toString());
    } finally {
      Files.move(hidden, work.resolve("weights"));
    }
    List<Path> maps;
    try (Stream<Path> files = Files.list(folder.resolve("two-files"))) {
      maps = files.filter(file -> file.toString().endsWith(".png")).toList();
    }
    assertEquals(4, maps.size(), "maps and overlays of two images: " + maps);
    for (Path map : maps) {
      Path other = folder.resolve("one-file").resolve(map.getFileName());
      assertEquals(-1, Files.mismatch(map, other), map.toString());
    }
    done(shell, "info", alone.toString(), "--json", "-");
    JsonObject backbone =
        JsonParser.parseString(shell.out()).getAsJsonObject().getAsJsonObject("backbone");
    assertTrue(backbone.get("embedded").getAsString().contains("tensors"), shell.out());
    assertEquals("keys", backbone.getAsJsonObject("settings").get("high").getAsString());
    done(shell, "info", in("model.safetensors"));
    assertTrue(shell.out().contains("embedded: no"), shell.out());

    done(shell, "export", alone.toString(), "-o", folder.resolve("small.safetensors").toString());
    assertEquals(
        -1, Files.mismatch(work.resolve("model.safetensors"), folder.resolve("small.safetensors")));
  }

  @Test
  void whatWasNamedIsFoundAgainAndRecordedFoldersAreNotShown() throws IOException {
    for (String file : List.of("bank", "model.safetensors")) {
      done(shell, "info", in(file));
      assertTrue(shell.out().contains("spec: vit:tiny.safetensors"), shell.out());
      assertFalse(shell.out().contains(in("weights")), shell.out());
    }
    Path moved = Files.createDirectories(folder.resolve("moved"));
    Files.move(work.resolve("weights/tiny.safetensors"), moved.resolve("other.safetensors"));
    try {
      String[] segment = {
        "segment", "-m", in("model.safetensors"), "-o", folder + "/masks", in("scenes/images/val")
      };
      String err = fails(1, segment);
      assertTrue(err.contains("vit:tiny.safetensors") && err.contains("-b"), err);
      String[] named = java.util.Arrays.copyOf(segment, segment.length + 2);
      named[segment.length] = "-b";
      named[segment.length + 1] = "vit:" + moved.resolve("other.safetensors");
      String[] train = {
        "train",
        in("bank"),
        "-o",
        folder + "/m",
        "--clusters=3",
        "--method=kmeans-features",
        "--embed-backbone",
        "-b",
        in("model.safetensors")
      };
      assertTrue(fails(1, train).contains("SHA-256"), shell.err());
      train[train.length - 1] = "descriptor";
      assertTrue(fails(1, train).contains("kind 'vit' (vit:tiny.safetensors), but"), shell.err());
      train[train.length - 1] = "torchscript:" + moved.resolve("other.safetensors");
      assertTrue(fails(1, train).contains("is of kind 'torchscript'"), shell.err());
      train[train.length - 1] = moved.resolve("other.safetensors").toString();
      done(shell, train);
      done(shell, segment);
      done(shell, named);
    } finally {
      Files.move(moved.resolve("other.safetensors"), work.resolve("weights/tiny.safetensors"));
    }
  }

  @Test
  void matchKeepsTheBackbone() throws IOException {
    Path one = folder.resolve("one.safetensors");
    done(shell, "export", in("model.safetensors"), "-o", one + "", "--embed-backbone", "-b", vit());
    Path names = Files.writeString(folder.resolve("names.json"), "{\"0\": \"sky\"}");
    long before = Files.size(one);
    done(shell, "match", one.toString(), "--names", names.toString());
    assertTrue(Files.size(one) > before, "names were added to " + before + " bytes");
    done(shell, "info", one.toString());
    assertFalse(shell.out().contains("embedded: no"), shell.out());
  }

  @Test
  void trainingCanEmbedAtOnce() throws IOException {
    Path one = folder.resolve("one.safetensors");
    String[] command = {
      "train",
      in("bank"),
      "-o",
      one.toString(),
      "--clusters=5",
      "--method=kmeans-features",
      "--embed-backbone"
    };
    done(shell, command);
    Path exported = folder.resolve("exported.safetensors");
    done(shell, "export", in("model.safetensors"), "-o", exported + "", "--embed-backbone");
    long difference = Math.abs(Files.size(exported) - Files.size(one));
    assertTrue(difference <= 64, difference + " bytes"); // alignment at most
    done(shell, command);
    assertTrue(shell.out().contains("is there already"), shell.out());
    done(shell, "info", one.toString());
    assertFalse(shell.out().contains("embedded: no"), shell.out());
  }

  @Test
  void whatCannotBeEmbeddedIsSaid() throws IOException {
    Path target = folder.resolve("one.safetensors");
    String[] export = {"export", in("model.safetensors"), "-o", target.toString()};
    fails(2, export[0], export[1], "-o", target.toString(), "-b", vit());
    String err =
        fails(1, "export", export[1], "-o", target + "", "--embed-backbone", "-b", "descriptor");
    assertTrue(err.contains("cannot be embedded"), err);
    Path other = folder.resolve("other.safetensors");
    byte[] bytes = Files.readAllBytes(work.resolve("weights/tiny.safetensors"));
    bytes[bytes.length - 1] ^= 1;
    Files.write(other, bytes);
    err =
        fails(1, "export", export[1], "-o", target + "", "--embed-backbone", "-b", "vit:" + other);
    assertTrue(err.contains("SHA-256"), err);
    assertFalse(Files.exists(target));

    done(shell, export);
    err = fails(1, export);
    assertTrue(err.contains("--overwrite"), err);
    done(shell, "export", export[1], "-o", target.toString(), "--overwrite", "--embed-backbone");

    done(shell, "extract", "-o", folder.resolve("b").toString(), images());
    Path simple = folder.resolve("simple.safetensors");
    done(
        shell,
        "train",
        folder.resolve("b").toString(),
        "-o",
        simple.toString(),
        "--clusters=3",
        "--method=kmeans-features");
    err =
        fails(1, "export", simple.toString(), "-o", folder + "/x.safetensors", "--embed-backbone");
    assertTrue(err.contains("no weights to embed"), err);
  }

  @Test
  void otherSettingsInTheSameBankAreRefused() {
    String err = fails(1, "extract", "-b", vit(), "-o", in("bank"), images());
    assertTrue(err.contains("keys") && err.contains("tokens"), err);
    done(shell, "extract", "-b", vit(), "-o", in("bank"), "--high", "keys", images());
    assertTrue(shell.out().contains("3 of 3 images are in the bank already"), shell.out());
  }

  @Test
  void settingsThatDoNotFitAreNamed() {
    String bank = folder.resolve("bank").toString();
    for (String option :
        List.of(
            "--heads=0",
            "--normalization=other",
            "--high=values",
            "--positions=nearest",
            "--eps=2",
            "--eps=small",
            "--activation=relu")) {
      String err = fails(2, "extract", "-b", vit(), "-o", bank, option, images());
      assertTrue(err.contains(option.substring(0, option.indexOf('='))), err);
    }
    String err = fails(1, "extract", "-b", vit(), "-o", bank, "--heads=7", images());
    assertTrue(err.contains("7 heads"), err);
    err = fails(1, "extract", "-o", bank, "--heads=2", images());
    assertTrue(err.contains("descriptor") && err.contains("heads"), err);
    assertFalse(Files.exists(folder.resolve("bank")));
  }

  @Test
  void infoAndVerifySayWhatACheckpointIs() throws IOException {
    done(shell, "info", in("weights/tiny.safetensors"));
    for (String part :
        List.of("Vision Transformer", "patch-size: 16", "channels: 64", "heads: 1", "eps = 1e-6")) {
      assertTrue(shell.out().contains(part), part + " in " + shell.out());
    }
    Path configured = folder.resolve("tiny.safetensors");
    Files.copy(work.resolve("weights/tiny.safetensors"), configured);
    Files.writeString(
        folder.resolve("tiny.json"),
        "{\"architecture\": \"vit_x\", \"pretrained_cfg\": {\"input_size\": [3, 64, 64], "
            + "\"mean\": [0.5, 0.5, 0.5], \"std\": [0.5, 0.5, 0.5]}}");
    done(shell, "weights", "verify", configured.toString());
    assertTrue(shell.out().contains("tiny.json"), shell.out());
    assertTrue(shell.out().contains("assumed: []"), shell.out());
    done(shell, "info");
    assertTrue(shell.out().contains("vit: available (cpu"), shell.out());
  }
}
