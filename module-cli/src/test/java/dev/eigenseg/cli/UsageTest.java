package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.cli.session.Session;
import dev.eigenseg.train.Preset;
import dev.eigenseg.train.dataset.Datasets;
import dev.eigenseg.train.evaluation.Protocol;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsageTest {
  private final Shell shell = new Shell();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "demo",
        "extract",
        "graph",
        "graph merge",
        "train",
        "match",
        "segment",
        "evaluate",
        "report",
        "export",
        "merge-clusters",
        "info",
        "weights list",
        "weights pull",
        "weights verify"
      })
  void everyCommandHasHelpWithAnExampleAndTheCommonOptions(String command) {
    assertEquals(0, shell.run((command + " --help").split(" ")));
    String help = shell.out();
    assertTrue(help.contains("Example") && help.contains("  eigenseg " + command), help);
    for (String option : List.of("--json", "--seed", "--threads", "--quiet", "--help")) {
      assertTrue(help.contains(option), option + " in " + help);
    }
  }

  @Test
  void graphNamesItsEnginesAndIndexes() {
    shell.run("graph", "--help");
    for (String option :
        List.of("auto|vector|blas|faiss", "exact|ivf|hnsw", "--probes", "--ef-search")) {
      assertTrue(shell.out().contains(option), option + " in " + shell.out());
    }
  }

  @Test
  void trainSaysWhatEachPresetSets() {
    shell.run("train", "--help");
    String help = shell.out().replaceAll("\\s+", " ");
    for (Preset preset : Preset.all()) {
      assertTrue(help.contains(preset.name() + ": " + preset + "."), preset + " in " + help);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"segment", "evaluate", "report", "match"})
  void commandsThatLookAtImagesSayHow(String command) {
    shell.run(command, "--help");
    for (String option :
        List.of(
            "--window",
            "--stride",
            "--scales",
            "--flip",
            "--size",
            "--segments=N|auto",
            "--crf=",
            "--max-crf-pixels")) {
      assertTrue(shell.out().contains(option), option + " in " + shell.out());
    }
  }

  @Test
  void shellsCompleteCommandsAndOptions() throws Exception {
    assertEquals(0, shell.run("generate-completion"));
    Path script = folder.resolve("completion");
    Files.writeString(script, shell.out());
    Process bash =
        new ProcessBuilder(
                "bash",
                "-c",
                "source \"$0\"; compopt() { :; }; COMP_WORDS=(eigenseg segm); COMP_CWORD=1; _complete_eigenseg; "
                    + "echo \"${COMPREPLY[@]}\"; COMP_WORDS=(eigenseg segment --win); COMP_CWORD=2; "
                    + "_complete_eigenseg; echo \"${COMPREPLY[@]}\"",
                script.toString())
            .redirectErrorStream(true)
            .start();
    String completed = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals("segment\n--window\n", completed);
  }

  @Test
  void theCommandItselfNamesTheOthers() {
    assertEquals(0, shell.run("--help"));
    for (String command :
        List.of(
            "demo",
            "extract",
            "graph",
            "train",
            "match",
            "segment",
            "evaluate",
            "report",
            "export",
            "merge-clusters",
            "info",
            "weights")) {
      assertTrue(shell.out().contains(command), command);
    }
    assertEquals(0, shell.run("weights", "--help"));
    assertTrue(shell.out().contains("eigenseg weights pull"), shell.out());
    assertEquals(0, shell.run("--version"));
    assertTrue(shell.out().startsWith("eigenseg "), shell.out());
  }

  @Test
  void wrongUsageIsCodeTwoAndWorksNothing() {
    String out = folder.resolve("out").toString();
    List<String[]> wrong =
        List.of(
            new String[] {},
            new String[] {"paint"},
            new String[] {"extract", "photos"},
            new String[] {"extract", "-o", out},
            new String[] {"extract", "-o", out, "--dataset", "folder", "--root", "r"},
            new String[] {
              "extract", "-o", out, "--dataset", "folder", "--root", "r", "--split", "s", "photos"
            },
            new String[] {"extract", "-o", out, "--size", "480", "photos"},
            new String[] {"extract", "-o", out, "--dtype", "f64", "photos"},
            new String[] {"extract", "-o", out, "--on-error", "ignore", "photos"},
            new String[] {"extract", "-o", out, "--threads", "0", "photos"},
            new String[] {"graph"},
            new String[] {"graph", "bank", "--neighbors", "-1"},
            new String[] {"graph", "bank", "--memory", "much"},
            new String[] {"graph", "bank", "--engine", "annoy"},
            new String[] {"graph", "bank", "--index", "lsh"},
            new String[] {"graph", "bank", "--probes", "4"},
            new String[] {"graph", "bank", "--index", "hnsw", "--half"},
            new String[] {"graph", "bank", "--index", "ivf", "--ef-search", "9"},
            new String[] {"graph", "bank", "--index", "ivf", "--lists", "0"},
            new String[] {"graph", "bank", "--recall", "0.9"},
            new String[] {"graph", "bank", "--index", "ivf", "--recall", "1.5"},
            new String[] {"graph", "bank", "--index", "ivf", "--recall", "0.9", "--probes", "4"},
            new String[] {"graph", "bank", "--part", "3/2"},
            new String[] {"graph", "--plan"},
            new String[] {"graph", "bank", "--plan", "--rows", "1e6"},
            new String[] {"graph", "bank", "--plan", "--dim", "64"},
            new String[] {"graph", "bank", "--machines", "4"},
            new String[] {"graph", "--plan", "--rows", "1.5"},
            new String[] {"graph", "--plan", "--rows", "1e10"},
            new String[] {"graph", "--plan", "--rows", "1e6", "--index", "hnsw"},
            new String[] {"graph", "--plan", "--rows", "1e6", "--index", "ivf", "--recall", "0.9"},
            new String[] {"graph", "--plan", "--rows", "1e6", "--engine", "faiss"},
            new String[] {"graph", "--plan", "--rows", "1e6", "--part", "1/2"},
            new String[] {"graph", "--plan", "--rows", "1e6", "-o", "file.knn"},
            new String[] {"graph", "--plan", "--rows", "1e6", "--parts", "2000000"},
            new String[] {"graph", "--plan", "--rows", "1e6", "--measured", "60000"},
            new String[] {"graph", "--plan", "--rows", "1e6", "--measured", "60000=0"},
            new String[] {"graph", "--plan", "--rows", "1e6", "--price", "-1"},
            new String[] {"graph", "bank", "--part", "half"},
            new String[] {"graph", "bank", "--part", "1/2", "--index", "hnsw"},
            new String[] {"graph", "bank", "--lists-file", "lists"},
            new String[] {
              "graph", "bank", "--index", "ivf", "--engine", "faiss", "--lists-file", "l"
            },
            new String[] {"graph", "bank", "--index", "ivf", "--lists-file", "./x", "-o", "y/../x"},
            new String[] {"graph", "bank", "--part", "1/2", "--engine", "faiss"},
            new String[] {"graph", "merge", "part"},
            new String[] {"graph", "merge", "-o", out},
            new String[] {"train", "bank", "-o", out},
            new String[] {"train", "bank", "-o", out, "--clusters", "0"},
            new String[] {"train", "bank", "-o", out, "--clusters", "8", "--mode", "sideways"},
            new String[] {
              "train", "bank", "-o", out, "--clusters", "8", "--method", "kmeans-hidden"
            },
            new String[] {"train", "bank", "-o", out, "--clusters", "8", "--from", "model"},
            new String[] {"train", "bank", "-o", out, "--preset", "paris"},
            new String[] {
              "train", "bank", "-o", out, "--clusters", "8", "--mode", "cross-batch", "--augment"
            },
            new String[] {"train", "bank", "-o", out, "--preset", "camvid", "--augment-flip=true"},
            new String[] {
              "train", "bank", "-o", out, "--preset", "ade20k", "--mode", "cross-batch"
            },
            new String[] {"train", "bank", "-o", out, "--preset", "ade20k", "--augment-scale=2,1"},
            new String[] {"train", "bank", "-o", out, "--preset", "ade20k", "--augment-scale=2"},
            new String[] {
              "train",
              "bank",
              "-o",
              out,
              "--preset",
              "ade20k",
              "--method",
              "kmeans-features",
              "--augment-flip=true"
            },
            new String[] {"extract", "-o", out, "--augment-flip=false", "photos"},
            new String[] {"extract", "-o", out, "--views", "0", "photos"},
            new String[] {"extract", "-o", out, "--views", "2", "--augment-colors=-1", "photos"},
            new String[] {"match", "model"},
            new String[] {"match", "model", "--dataset", "folder"},
            new String[] {
              "match",
              "model",
              "--dataset",
              "folder",
              "--root",
              "r",
              "--split",
              "s",
              "--segments",
              "3"
            },
            new String[] {
              "match", "model", "--names", "f", "--dataset", "folder", "--root", "r", "--split", "s"
            },
            new String[] {"segment", "photos"},
            new String[] {"segment", "-m", "model", "-o", out, "--crf", "both", "photos"},
            new String[] {"evaluate", "model"},
            new String[] {
              "evaluate",
              "--dataset",
              "folder",
              "--root",
              "r",
              "--split",
              "s",
              "--match",
              "best",
              "m"
            },
            new String[] {"export", "model"},
            new String[] {"info", "one", "two"});
    for (String[] arguments : wrong) {
      assertEquals(2, shell.run(arguments), String.join(" ", arguments) + "\n" + shell.err());
      assertTrue(
          shell.err().startsWith("eigenseg: ") && shell.err().contains("--help"), shell.err());
      assertEquals("", shell.out());
    }
  }

  @Test
  void missingThingsAreCodeOneAndNamed() {
    List<String[]> missing =
        List.of(
            new String[] {"extract", "-o", path("bank"), path("photo.png")},
            new String[] {"graph", path("bank")},
            new String[] {"train", path("bank"), "-o", path("model"), "--clusters", "8"},
            new String[] {"match", path("model"), "--names", path("names")},
            new String[] {"segment", "-m", path("model"), "-o", path("out"), path("photo.png")},
            new String[] {
              "evaluate", "--dataset", "folder", "--root", path("r"), "--split", "val", path("m")
            },
            new String[] {"export", path("model"), "-o", path("out"), "--embed-backbone"},
            new String[] {"weights", "verify", path("weights")},
            new String[] {"info", path("bank")},
            new String[] {"info", "--json", path("no/folder.json")});
    for (String[] arguments : missing) {
      assertEquals(1, shell.run(arguments), String.join(" ", arguments));
      assertTrue(shell.err().startsWith("eigenseg: "), shell.err());
      assertTrue(shell.err().contains(folder.toString()), shell.err());
      assertFalse(shell.err().contains("unexpected failure"), shell.err());
      assertFalse(shell.err().contains("\tat "), shell.err());
    }
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--epochs -1",
        "--batch-size 0",
        "--projection -1",
        "--heads 0",
        "--head-dim 0",
        "--mlp 0",
        "--blocks 0",
        "--neighbors 0",
        "--pixel-weight -1",
        "--pixel-near-neighbors -1",
        "--pixel-near-weight -1",
        "--pixel-color-weight NaN",
        "--t 0",
        "--beta -1",
        "--balance -1",
        "--learning-rate 0",
        "--final-temperature 0"
      })
  void neuralOptionsOutOfRangeAreWrongUsage(String option) {
    String[] words = option.split(" ");
    assertEquals(
        2,
        shell.run("train", "bank", "-o", path("m"), "--clusters", "8", words[0] + "=" + words[1]),
        shell.err());
    assertTrue(shell.err().contains("--help"), shell.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--window=0",
        "--window=x",
        "--stride=10",
        "--window=32 --stride=33",
        "--window=32 --stride=0",
        "--scales=0",
        "--scales=1,99",
        "--scales=",
        "--scales=NaN",
        "--size=32",
        "--size=mine",
        "--max-crf-pixels=10000",
        "--crf=on --max-crf-pixels=1",
        "--crf=on --crf-iterations=0",
        "--crf=on --crf-bilateral-xy-std=0",
        "--crf=on --crf-gaussian-weight=-1",
        "--crf=sometimes"
      })
  void viewsOutOfRangeAreWrongUsage(String options) {
    List<String> segment = new ArrayList<>(List.of("segment", "-m", "m", "-o", path("o"), "photo"));
    List<String> evaluate =
        new ArrayList<>(
            List.of("evaluate", "--dataset", "folder", "--root", "r", "--split", "s", "m"));
    for (List<String> command : List.of(segment, evaluate)) {
      command.addAll(1, List.of(options.split(" ")));
      assertEquals(2, shell.run(command.toArray(String[]::new)), command + "\n" + shell.err());
      assertTrue(shell.err().contains("--help"), shell.err());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"match", "evaluate"})
  void anUnknownDatasetIsWrongUsage(String command) {
    String[] arguments = {command, "m", "--dataset", "cityscape", "--root", "r", "--split", "s"};
    assertEquals(2, shell.run(arguments), shell.err());
    for (String name : Datasets.collectionNames()) {
      assertTrue(shell.err().contains(name), name + " in " + shell.err());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"match", "evaluate", "extract"})
  void helpNamesEveryDataset(String command) {
    shell.run(command, "--help");
    for (String name : Datasets.collectionNames()) {
      assertTrue(shell.out().contains(name), name + " in " + shell.out());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"--match=iou", "--protocol=whole-image", "--backbone=descriptor", "--device=cpu"})
  void namesFromAFileTakeNoOptionsOfADataset(String option) {
    assertEquals(2, shell.run("match", "m", "--names", "f", option), shell.err());
    assertTrue(shell.err().contains("--names"), shell.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"match", "evaluate"})
  void helpNamesEveryProtocol(String command) {
    shell.run(command, "--help");
    String help = shell.out().replaceAll("\\s+", "");
    for (Protocol protocol : Protocol.values()) {
      assertTrue(help.contains(protocol.option()), protocol.option() + " in " + shell.out());
    }
  }

  @Test
  void imagesInWorkShareTheThreads() {
    Session session = shell.session(8);
    assertEquals(8, session.threadsPerImage(1));
    assertEquals(2, session.threadsPerImage(3));
    assertEquals(1, session.threadsPerImage(8));
    assertEquals(1, session.threadsPerImage(1000));
    assertEquals(8, session.threadsPerImage(0));
  }

  @Test
  void anOptionGivenTwiceIsNamed() {
    for (String option : List.of("--epochs", "--clusters", "--output", "--density-power")) {
      List<String> arguments = new ArrayList<>(List.of("train", "bank"));
      if (!option.equals("--output")) {
        arguments.addAll(List.of("-o", path("m")));
      }
      arguments.addAll(List.of(option, "1", option + "=2"));
      assertEquals(2, shell.run(arguments.toArray(String[]::new)), shell.err());
      String first = shell.err().lines().findFirst().orElseThrow();
      assertEquals("eigenseg: option '" + option + "' is given twice; give it once", first);
      assertTrue(shell.err().contains(option + "="), shell.err());
      assertTrue(shell.err().lines().count() < 10, shell.err());
    }
  }

  @Test
  void helpIsACommandToo() {
    for (List<String> command : List.of(List.of("extract"), List.of("graph", "merge"))) {
      List<String> asked = new ArrayList<>(List.of("help"));
      asked.addAll(command);
      assertEquals(0, shell.run(asked.toArray(String[]::new)), shell.err());
      String help = shell.out();
      List<String> other = new ArrayList<>(command);
      other.add("--help");
      shell.run(other.toArray(String[]::new));
      assertEquals(shell.out(), help);
    }
    assertEquals(0, shell.run("help"), shell.err());
    String whole = shell.out();
    shell.run("--help");
    assertEquals(shell.out(), whole);
    assertEquals(2, shell.run("help", "graph", "split"), shell.err());
    assertTrue(shell.err().contains("no command 'graph split'; known are merge"), shell.err());
  }

  @Test
  void aBankThatIsNotThereIsNamed() {
    assertEquals(1, shell.run("graph", path("nobank")));
    assertTrue(shell.err().contains("there is no feature bank"), shell.err());
  }

  @Test
  void infoNamesTheDevicesThatAreHere() {
    assertEquals(0, shell.run("info"), shell.err());
    List<String> lines = shell.out().lines().map(String::strip).toList();
    String devices =
        lines.stream().filter(line -> line.startsWith("devices: ")).findFirst().orElseThrow();
    assertTrue(lines.contains("descriptor: available (cpu)"), shell.out());
    assertTrue(
        lines.contains("torchscript: available (" + devices.substring(9) + ")"), shell.out());
    assertEquals(
        devices.contains("cuda"),
        lines.stream().anyMatch(line -> line.startsWith("vit: ") && line.contains("cuda")),
        shell.out());
  }

  @Test
  void aNameThatNoFileCanHaveIsSaidSo() {
    assertEquals(2, shell.run("extract", "-o", "a\0b", "photos"), shell.err());
    assertTrue(shell.err().contains("cannot be a file's name"), shell.err());
    assertFalse(shell.err().contains("java.nio"), shell.err());
  }
}
