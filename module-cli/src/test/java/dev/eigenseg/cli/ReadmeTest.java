package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The README's embedding code, compiled, and its commands, run as they are written, in a folder
 * laid out as the README says: the jars in {@code libs}, the application in {@code app}.
 */
class ReadmeTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path JAVA_BIN = Path.of(System.getProperty("java.home"), "bin");

  @TempDir static Path folder;

  private static String section;

  @BeforeAll
  static void layOut() throws Exception {
    String readme = Files.readString(ROOT.resolve("README.md"));
    section = readme.split("\n## In a Java application\n", 2)[1].split("\n## ", 2)[0];
    Path scenes = folder.resolve("scenes");
    GeneratedScenes.write(scenes, 2, 1, new Size(96, 64), 7, 1, Progress.NONE);
    Path images = scenes.resolve("images").resolve(GeneratedScenes.TRAIN);
    String bank = folder.resolve("bank").toString();
    eigenseg("extract", "-o", bank, images.toString());
    String model = folder.resolve("model.safetensors").toString();
    eigenseg("train", bank, "-o", model, "--clusters=4", "--method=kmeans-features");
    try (Stream<Path> files = Files.list(images)) {
      Files.copy(files.sorted().findFirst().orElseThrow(), folder.resolve("photo.jpg"));
    }
    layOutLibraries(Files.createDirectories(folder.resolve("libs")));
    Files.writeString(folder.resolve("module-info.java"), javaBlock("module your.app"));
    Files.writeString(folder.resolve("Segment.java"), javaBlock("package your.app"));
    Result compiled = start(commands("javac ").getFirst());
    assertEquals(0, compiled.code(), compiled.output());
  }

  private static void eigenseg(String... arguments) {
    Shell shell = new Shell();
    assertEquals(0, shell.run(arguments), shell.err());
  }

  /** What the README says an application needs: api, infer and Gson. */
  private static void layOutLibraries(Path libraries) throws Exception {
    ToolProvider jar = ToolProvider.findFirst("jar").orElseThrow();
    for (String module : List.of("api", "infer")) {
      String file = libraries.resolve("eigenseg-" + module + ".jar").toString();
      String classes = ROOT.resolve("module-" + module + "/target/classes").toString();
      assertEquals(0, jar.run(System.out, System.err, "cf", file, "-C", classes, "."));
    }
    Path gson = Path.of(Gson.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Files.copy(gson, libraries.resolve("gson.jar"));
  }

  @Test
  void theCommandsForModulePathAndClassPathRun() throws Exception {
    List<String> commands = commands("java ");
    assertEquals(2, commands.size(), commands.toString());
    for (String command : commands) {
      assertSegments(command);
    }
  }

  @Test
  void theImageIsLinkedAndRuns() throws Exception {
    Assumptions.assumeTrue(
        Files.isDirectory(JAVA_BIN.resolveSibling("jmods"))
            || start("jlink --help").output().contains("run-time image enabled"),
        "the JDK in " + JAVA_BIN + " cannot link images");
    List<String> linking = commands("jlink ");
    List<String> running = commands("image/bin/java ");
    assertEquals(1, linking.size(), linking.toString());
    assertEquals(1, running.size(), running.toString());
    Result linked = start(linking.getFirst());
    assertEquals(0, linked.code(), linked.output());
    assertSegments(running.getFirst());
  }

  @Test
  void theClassPathWithoutTheIncubatorModuleSaysWhatToDo() throws Exception {
    String flag = "--add-modules jdk.incubator.vector";
    String command =
        commands("java ").stream().filter(line -> line.contains(flag)).findFirst().orElseThrow();
    Result result = start(command.replace(flag, ""));
    assertTrue(result.code() != 0);
    assertTrue(result.output().contains(flag), result.output());
  }

  private static void assertSegments(String command) throws Exception {
    Path segments = folder.resolve("segments.png");
    Files.deleteIfExists(segments);
    Result result = start(command);
    assertEquals(0, result.code(), command + "\n" + result.output());
    assertTrue(result.output().contains("4 clusters"), result.output());
    assertEquals(96, ImageIO.read(segments.toFile()).getWidth());
  }

  /** The section's lines of shell that begin so. */
  private static List<String> commands(String beginning) {
    return blocks("").stream()
        .flatMap(String::lines)
        .filter(line -> line.startsWith(beginning))
        .toList();
  }

  /** The section's only Java block that begins so. */
  private static String javaBlock(String beginning) {
    List<String> blocks =
        blocks("java").stream().filter(block -> block.startsWith(beginning)).toList();
    assertEquals(1, blocks.size(), "Java blocks that begin with " + beginning);
    return blocks.getFirst();
  }

  private static List<String> blocks(String language) {
    return Pattern.compile("^```(\\w*)\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE)
        .matcher(section)
        .results()
        .filter(block -> block.group(1).equals(language))
        .map((MatchResult block) -> block.group(2))
        .toList();
  }

  private record Result(int code, String output) {}

  /** Runs a line of shell in the folder, with this JDK's tools on the path. */
  private static Result start(String command) throws Exception {
    Path log = Files.createTempFile(folder, "process", ".log");
    ProcessBuilder builder =
        new ProcessBuilder("sh", "-c", command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder
        .environment()
        .merge("PATH", JAVA_BIN.toString(), (path, bin) -> bin + File.pathSeparator + path);
    builder.environment().put("JDK_JAVA_OPTIONS", "-Djava.awt.headless=true");
    Process process = builder.start();
    if (!process.waitFor(2, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(command + " did not end");
    }
    return new Result(process.exitValue(), Files.readString(log));
  }
}
