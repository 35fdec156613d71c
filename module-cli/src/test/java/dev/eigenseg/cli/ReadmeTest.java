package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Progress;
import dev.eigenseg.train.dataset.GeneratedScenes;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The README's embedding code, compiled and run in processes of its own, as an application would.
 */
class ReadmeTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path JAVA_BIN = Path.of(System.getProperty("java.home"), "bin");

  @TempDir static Path folder;

  private static Path model;
  private static Path photo;

  @BeforeAll
  static void makeModel() throws IOException {
    Path scenes = folder.resolve("scenes");
    GeneratedScenes.write(scenes, 2, 1, new Size(96, 64), 7, 1, Progress.NONE);
    Path images = scenes.resolve("images").resolve(GeneratedScenes.TRAIN);
    model = folder.resolve("model.safetensors");
    Path bank = folder.resolve("bank");
    Shell shell = new Shell();
    assertEquals(0, shell.run("extract", "-o", bank.toString(), images.toString()), shell.err());
    assertEquals(
        0,
        shell.run(
            "train",
            bank.toString(),
            "-o",
            model.toString(),
            "--clusters=4",
            "--method=kmeans-features"),
        shell.err());
    try (Stream<Path> files = Files.list(images)) {
      photo = files.sorted().findFirst().orElseThrow();
    }
  }

  @Test
  void embeddingCodeRunsOnTheModulePath() throws Exception {
    Path sources = Files.createDirectories(folder.resolve("module-sources"));
    Path application = folder.resolve("module-application");
    Path info = sources.resolve("module-info.java");
    Files.writeString(info, "module your.app { requires dev.eigenseg.api; }");
    String libraries = libraries();
    run(
        List.of(
            tool("javac"),
            "-p",
            libraries,
            "-d",
            application.toString(),
            info.toString(),
            snippet(sources).toString()));
    segment(
        List.of("-p", libraries + File.pathSeparator + application, "-m"),
        "your.app/your.app.Segment");
  }

  @Test
  void embeddingCodeRunsOnTheClassPath() throws Exception {
    Path sources = Files.createDirectories(folder.resolve("class-sources"));
    Path application = folder.resolve("class-application");
    String libraries = libraries();
    run(
        List.of(
            tool("javac"),
            "-cp",
            libraries,
            "-d",
            application.toString(),
            snippet(sources).toString()));
    segment(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            libraries + File.pathSeparator + application),
        "your.app.Segment");
  }

  @Test
  void theClassPathWithoutTheIncubatorModuleSaysWhatToDo() throws Exception {
    Path sources = Files.createDirectories(folder.resolve("flagless-sources"));
    Path application = folder.resolve("flagless-application");
    String libraries = libraries();
    run(
        List.of(
            tool("javac"),
            "-cp",
            libraries,
            "-d",
            application.toString(),
            snippet(sources).toString()));
    Result result =
        start(
            List.of(
                tool("java"),
                "-cp",
                libraries + File.pathSeparator + application,
                "your.app.Segment",
                model.toString(),
                photo.toString(),
                folder.resolve("never.png").toString()));
    assertTrue(result.code() != 0);
    assertTrue(result.output().contains("--add-modules jdk.incubator.vector"), result.output());
  }

  private static void segment(List<String> paths, String main) throws Exception {
    Path segments = folder.resolve("segments-" + main.replace('/', '-') + ".png");
    List<String> command =
        Stream.of(
                Stream.of(tool("java"), "-Djava.awt.headless=true"),
                paths.stream(),
                Stream.of(main, model.toString(), photo.toString(), segments.toString()))
            .flatMap(s -> s)
            .toList();
    String output = run(command);
    assertTrue(output.contains("4 clusters"), output);
    assertEquals(96, ImageIO.read(segments.toFile()).getWidth());
  }

  /** The README's only Java block, as a source file. */
  private static Path snippet(Path sources) throws IOException {
    Matcher block =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(ROOT.resolve("README.md")));
    assertTrue(block.find(), "the README has no Java block");
    Path file = Files.createDirectories(sources.resolve("your/app")).resolve("Segment.java");
    return Files.writeString(file, block.group(1));
  }

  /** What the README says an application needs: api, infer and Gson. */
  private static String libraries() {
    Path gson =
        Path.of(
            com.google.gson.Gson.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath());
    return String.join(
        File.pathSeparator,
        ROOT.resolve("module-api/target/classes").toString(),
        ROOT.resolve("module-infer/target/classes").toString(),
        gson.toString());
  }

  private static String tool(String name) {
    return JAVA_BIN.resolve(name).toString();
  }

  private static String run(List<String> command) throws Exception {
    Result result = start(command);
    assertEquals(0, result.code(), command + "\n" + result.output());
    return result.output();
  }

  private record Result(int code, String output) {}

  private static Result start(List<String> command) throws Exception {
    Path log = Files.createTempFile(folder, "process", ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(2, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(command + " did not end");
    }
    return new Result(process.exitValue(), Files.readString(log));
  }
}
