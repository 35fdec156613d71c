package dev.eigenseg.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.eigenseg.infer.vit.VitConfig;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An application that requires {@code dev.eigenseg.api} and {@code dev.eigenseg.infer} alone, in
 * processes of its own: from the module path, from the class path, and as a jlink image. What must
 * not be there is checked by the application itself, see {@code src/test/consumer}.
 */
class EmbeddingTest {
  private static final Path SOURCES = Path.of("src/test/consumer");
  private static final Path JAVA_HOME = Path.of(System.getProperty("java.home"));
  private static final String MAIN = "app.consumer.Consumer";
  private static final String NOTE = "WARNING: Using incubator modules: jdk.incubator.vector\n";
  private static final long LIMIT = 2_000_000;

  @TempDir static Path folder;

  /** Our two jars and those of their dependencies, nothing else. */
  private static List<Path> libraries;

  private static Path consumer;
  private static Path descriptorModel;
  private static Path vitModel;
  private static Path picture;

  @BeforeAll
  static void buildApplication() throws IOException {
    libraries = new ArrayList<>();
    libraries.add(jar("dev.eigenseg.infer", Path.of("target/classes")));
    // Written by the build: what Maven gives to an application that depends on this module.
    for (String entry :
        Files.readString(Path.of("target/runtime.classpath")).split(File.pathSeparator)) {
      Path library = Path.of(entry.strip());
      libraries.add(Files.isDirectory(library) ? jar("dev.eigenseg.api", library) : library);
    }
    Path classes = folder.resolve("consumer-classes");
    tool(
        "javac",
        "-Xlint:all,-incubating",
        "-Werror",
        "-p",
        paths(libraries),
        "-d",
        classes.toString(),
        SOURCES.resolve("module-info.java").toString(),
        SOURCES.resolve("app/consumer/Consumer.java").toString());
    consumer = jar("app.consumer", classes);
    Random random = TestSeed.random();
    descriptorModel = folder.resolve("descriptor.safetensors");
    SegmenterModel weights = Fixtures.model(random, SegmenterMethod.NEURAL_EIGENFUNCTIONS, 12);
    SegmenterFile.write(descriptorModel, weights);
    Fixtures.close(weights.tensors());
    VitConfig vit = VitModels.timm(128, 2, 14);
    PsiConfig psi = PsiConfig.of(VitModels.dims(vit), 32, 2, 16, 24, 2, 12);
    Path made = folder.resolve("made");
    VitModels.write(made, random, vit, psi);
    vitModel = folder.resolve("vit.safetensors"); // the one file that is shipped
    SegmenterFile.embed(
        made.resolve("model.safetensors"), made.resolve("vit.safetensors"), vitModel);
    picture = folder.resolve("picture.png");
    ImageIO.write(Fixtures.image(random, 150, 101), "png", picture.toFile());
  }

  @Test
  void segmentsFromTheModulePath() throws Exception {
    List<Path> path = new ArrayList<>(libraries);
    path.add(consumer);
    for (Path model : List.of(descriptorModel, vitModel)) {
      Path loaded = folder.resolve("loaded-classes.txt");
      assertSegments(
          JAVA_HOME,
          List.of(
              "-Xlog:class+load:file=" + loaded, "-p", paths(path), "-m", "app.consumer/" + MAIN),
          model);
      assertEquals(List.of(), foreignClasses(loaded, path));
    }
  }

  @Test
  void segmentsFromTheClassPath() throws Exception {
    List<Path> path = new ArrayList<>(libraries);
    path.add(consumer);
    assertSegments(
        JAVA_HOME,
        List.of("--add-modules", "jdk.incubator.vector", "-cp", paths(path), MAIN),
        vitModel);
  }

  @Test
  void theFlagThatTheClassPathNeedsIsAlwaysNamed() throws Exception {
    List<Path> path = new ArrayList<>(libraries);
    path.add(consumer);
    for (Path model : List.of(descriptorModel, vitModel)) {
      for (List<String> kernels :
          List.of(
              List.<String>of(),
              List.of("-Deigenseg.kernels=scalar"),
              List.of("-Deigenseg.kernels=simd"))) {
        List<String> options = new ArrayList<>(kernels);
        options.addAll(List.of("-cp", paths(path), MAIN));
        Outcome outcome = fails(options, model);
        assertTrue(
            outcome
                .errors()
                .contains(
                    "UnavailableException: "
                        + model
                        + " cannot be opened: the Vector API is not there; start java with "
                        + "--add-modules jdk.incubator.vector"),
            outcome.errors());
      }
    }
  }

  /** All classes in one jar, as a build makes it that keeps one file of each name. */
  @Test
  void aJarWithoutMergedServicesIsNamed() throws Exception {
    Path classes = Files.createDirectory(folder.resolve("uber-classes"));
    for (Path library : libraries) {
      Outcome unpacked =
          run(
              List.of(
                  JAVA_HOME.resolve("bin/jar").toString(),
                  "--extract",
                  "--file",
                  library.toString(),
                  "--dir",
                  classes.toString()));
      assertEquals(0, unpacked.code(), unpacked.toString());
    }
    Path services = classes.resolve("META-INF/services");
    Path loaders = services.resolve("dev.eigenseg.api.spi.SegmenterLoader");
    Path backbones = services.resolve("dev.eigenseg.api.spi.BackboneProvider");
    String loader = Files.readString(loaders);
    Files.delete(loaders);
    assertUnmerged(classes, "dev.eigenseg.infer.segment.SafetensorsSegmenterLoader");
    Files.writeString(loaders, loader);
    Files.writeString(backbones, "dev.eigenseg.infer.vit.VitProvider\n");
    assertUnmerged(classes, "dev.eigenseg.infer.descriptor.DescriptorProvider");
  }

  private static void assertUnmerged(Path classes, String provider) throws Exception {
    Path uber = jar("uber-" + provider, classes);
    Outcome outcome =
        fails(
            List.of(
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                paths(List.of(uber, consumer)),
                MAIN),
            descriptorModel);
    String errors = outcome.errors();
    assertTrue(
        errors.contains(provider + " is in " + uber + ", but no META-INF/services/"), errors);
    assertTrue(errors.contains("merge service files when building an uber jar"), errors);
  }

  private static Outcome fails(List<String> options, Path model) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(JAVA_HOME.resolve("bin/java").toString());
    command.addAll(options);
    command.addAll(
        List.of(model.toString(), picture.toString(), folder.resolve("none").toString()));
    Outcome outcome = run(command);
    assertEquals(1, outcome.code(), outcome.toString());
    return outcome;
  }

  @Test
  void segmentsFromAJlinkImage() throws Exception {
    assumeJlink();
    List<Path> path = new ArrayList<>(libraries);
    path.add(consumer);
    Path image = folder.resolve("image");
    // In a process of its own: the tests' own run-time is patched, which jlink refuses to copy.
    Outcome linking =
        run(
            List.of(
                JAVA_HOME.resolve("bin/jlink").toString(),
                "-p",
                paths(path),
                "--add-modules",
                "app.consumer",
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--output",
                image.toString()));
    assertEquals(0, linking.code(), linking.toString());
    System.out.printf("jlink image: %d MB%n", size(image) / 1_000_000);
    assertSegments(image, List.of("-m", "app.consumer/" + MAIN), vitModel);
  }

  @Test
  void allJarsTogetherStaySmall() throws IOException {
    long total = 0;
    for (Path library : libraries) {
      total += Files.size(library);
      System.out.printf("%s: %d bytes%n", library.getFileName(), Files.size(library));
    }
    assertTrue(total < LIMIT, total + " bytes in " + libraries);
    List<String> foreign =
        libraries.stream()
            .map(library -> library.getFileName().toString())
            .filter(name -> !name.startsWith("dev.eigenseg.") && !name.startsWith("eigenseg-"))
            .toList();
    assertTrue(
        foreign.size() <= 1 && foreign.stream().allMatch(name -> name.startsWith("gson-")),
        "third-party jars: " + foreign);
  }

  private static void assertSegments(Path java, List<String> options, Path model) throws Exception {
    Path segments = Files.createTempFile(folder, "segments", ".png");
    List<String> command = new ArrayList<>();
    command.add(java.resolve("bin/java").toString());
    // A call into native code without permission is an error, not only a warning.
    command.add("--illegal-native-access=deny");
    command.add("-Djava.awt.headless=true");
    command.addAll(options);
    command.addAll(List.of(model.toString(), picture.toString(), segments.toString()));
    Outcome outcome = run(command);
    assertEquals(0, outcome.code(), outcome.toString());
    assertEquals(NOTE, outcome.errors());
    assertTrue(
        Pattern.compile("^12 clusters, ([2-9]|1[0-2]) present$", Pattern.MULTILINE)
            .matcher(outcome.output())
            .find(),
        outcome.output());
    assertEquals(150, ImageIO.read(segments.toFile()).getWidth());
  }

  /** The classes that were loaded from a file other than the jars. */
  private static List<String> foreignClasses(Path log, List<Path> jars) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      List<String> fromFiles = lines.filter(line -> line.contains(" source: file:")).toList();
      assertTrue(fromFiles.stream().anyMatch(line -> line.contains(" " + MAIN + " ")), MAIN);
      return fromFiles.stream()
          .filter(line -> jars.stream().noneMatch(jar -> line.endsWith("file:" + jar)))
          .toList();
    }
  }

  /** Without the JDK's packaged modules jlink needs a JDK that can be linked from itself. */
  private static void assumeJlink() throws Exception {
    Path jlink = JAVA_HOME.resolve("bin/jlink");
    boolean able =
        Files.isExecutable(jlink)
            && (Files.isDirectory(JAVA_HOME.resolve("jmods"))
                || run(List.of(jlink.toString(), "--help"))
                    .output()
                    .contains("run-time image enabled"));
    String reason =
        "the JDK in "
            + JAVA_HOME
            + " cannot link images: no jmods, and no linking from the run-time image";
    if (!able && System.getenv("CI") != null) {
      fail(reason);
    }
    Assumptions.assumeTrue(able, reason);
  }

  private static Path jar(String name, Path classes) {
    Path jar = folder.resolve(name + ".jar");
    tool("jar", "--create", "--file", jar.toString(), "-C", classes.toString(), ".");
    return jar;
  }

  private static void tool(String name, String... arguments) {
    int code = ToolProvider.findFirst(name).orElseThrow().run(System.out, System.err, arguments);
    assertEquals(0, code, name + " " + String.join(" ", arguments));
  }

  private static String paths(List<Path> paths) {
    return String.join(File.pathSeparator, paths.stream().map(Path::toString).toList());
  }

  private static long size(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
  }

  private record Outcome(int code, String output, String errors) {}

  private static Outcome run(List<String> command) throws Exception {
    Path output = Files.createTempFile(folder, "output", ".txt");
    Path errors = Files.createTempFile(folder, "errors", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(output.toFile()).redirectError(errors.toFile());
    // Options from outside announce themselves among the errors.
    builder
        .environment()
        .keySet()
        .removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
    Process process = builder.start();
    if (!process.waitFor(2, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(command + " did not end");
    }
    return new Outcome(process.exitValue(), Files.readString(output), Files.readString(errors));
  }
}
