package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Progress;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's training code, compiled, and run in processes of its own. */
class TrainingInJavaTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path JAVA_BIN = Path.of(System.getProperty("java.home"), "bin");
  private static final String OURS =
      "dev.eigenseg.api,dev.eigenseg.graph,dev.eigenseg.infer,dev.eigenseg.train";

  // The paths with which this test itself was started: our modules and DJL on the one, the natives
  // and everything else on the other.
  private static final String MODULE_PATH = System.getProperty("jdk.module.path");
  private static final String CLASS_PATH = System.getProperty("java.class.path");

  @TempDir static Path folder;

  private static Path scenes;

  @BeforeAll
  static void compile() throws Exception {
    GeneratedScenes.write(folder.resolve("all"), 9, 1, new Size(160, 96), 3, 2, Progress.NONE);
    scenes = folder.resolve("all/images").resolve(GeneratedScenes.TRAIN);
    Files.createDirectories(folder.resolve("source"));
    Files.writeString(folder.resolve("source/Train.java"), code());
    Files.writeString(
        folder.resolve("source/module-info.java"),
        "module your.app {\n  requires dev.eigenseg.train;\n}\n");
    run(
        "javac",
        "-p",
        MODULE_PATH,
        "-d",
        folder.resolve("app").toString(),
        folder.resolve("source/module-info.java").toString(),
        folder.resolve("source/Train.java").toString());
  }

  private static String code() throws Exception {
    String readme = Files.readString(ROOT.resolve("README.md"));
    Matcher matcher =
        Pattern.compile(
                "^## Training in a Java application$.*?^```java\n(.*?)^```",
                Pattern.DOTALL | Pattern.MULTILINE)
            .matcher(readme);
    assertTrue(matcher.find(), "README.md shows how to train in Java");
    return matcher.group(1);
  }

  @Test
  void runsOnTheModulePathAndResumes() throws Exception {
    List<String> command =
        List.of(
            "java",
            "-Dai.djl.offline=true",
            "--add-modules",
            OURS,
            "--enable-native-access=ALL-UNNAMED,ai.djl.api,ai.djl.pytorch_engine,dev.eigenseg.api,dev.eigenseg.graph",
            "-p",
            MODULE_PATH + File.pathSeparator + folder.resolve("app"),
            "-cp",
            CLASS_PATH,
            "-m",
            "your.app/your.app.Train");
    run(arguments(command, "modules"));
    Path work = folder.resolve("modules");
    FileTime model = Files.getLastModifiedTime(work.resolve("model.safetensors"));
    FileTime graph = Files.getLastModifiedTime(work.resolve("bank/graph.knn"));
    List<Path> masks = masks(work);
    assertEquals(9, masks.size());
    assertEquals(160, ImageIO.read(masks.getFirst().toFile()).getWidth());
    Files.delete(masks.getLast());
    FileTime kept = Files.getLastModifiedTime(masks.getFirst());

    run(arguments(command, "modules"));
    assertEquals(model, Files.getLastModifiedTime(work.resolve("model.safetensors")));
    assertEquals(graph, Files.getLastModifiedTime(work.resolve("bank/graph.knn")));
    assertEquals(kept, Files.getLastModifiedTime(masks.getFirst()));
    assertEquals(masks, masks(work));
  }

  @Test
  void runsOnTheClassPathWithTheSameBytesAsTheCommands() throws Exception {
    List<String> command =
        List.of(
            "java",
            "-Dai.djl.offline=true",
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            String.join(
                File.pathSeparator, folder.resolve("app").toString(), MODULE_PATH, CLASS_PATH),
            "your.app.Train");
    run(arguments(command, "classes"));
    Path bank = folder.resolve("commands/bank");
    Files.createDirectories(bank.getParent());
    Shell shell = new Shell();
    eigenseg(shell, "extract", "-o", bank.toString(), scenes.toString());
    eigenseg(shell, "graph", "--neighbors", "16", bank.toString());
    Path ours = folder.resolve("classes/bank");
    for (String file :
        List.of("images.tsv", "low-00000.bank", "mid-00000.bank", "high-00000.bank")) {
      assertEquals(-1, Files.mismatch(bank.resolve(file), ours.resolve(file)), file);
    }
    // The files' provenance differs: on the class path nothing tells the version.
    try (KnnGraph expected = KnnGraph.open(bank.resolve("graph.knn"));
        KnnGraph found = KnnGraph.open(ours.resolve("graph.knn"))) {
      assertEquals(-1, expected.ids().segment().mismatch(found.ids().segment()));
      assertEquals(-1, expected.similarities().segment().mismatch(found.similarities().segment()));
    }
  }

  private static void eigenseg(Shell shell, String... arguments) {
    assertEquals(0, shell.run(arguments), shell.err());
  }

  private static List<Path> masks(Path work) throws Exception {
    try (Stream<Path> files = Files.list(work.resolve("masks"))) {
      return files.sorted().toList();
    }
  }

  private static String[] arguments(List<String> command, String work) {
    List<String> all = new ArrayList<>(command);
    Path place = folder.resolve(work);
    all.addAll(List.of(scenes.toString(), place.toString(), place.resolve("masks").toString()));
    return all.toArray(String[]::new);
  }

  private static void run(String... command) throws Exception {
    command[0] = JAVA_BIN.resolve(command[0]).toString();
    Path log = Files.createTempFile(folder, "process", ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(3, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(String.join(" ", command) + " did not end");
    }
    assertEquals(0, process.exitValue(), Files.readString(log));
  }
}
