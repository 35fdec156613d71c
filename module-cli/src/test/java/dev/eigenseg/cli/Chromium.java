package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A browser without a window. Skips the test without one, or fails it where CI is set. */
final class Chromium {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome");

  private final Path program;
  private final Path work;

  private Chromium(Path program, Path work) {
    this.program = program;
    this.work = work;
  }

  /**
   * Finds it.
   *
   * @param work an empty folder for its profile and its output
   */
  static Chromium find(Path work) {
    Optional<Path> program =
        NAMES.stream()
            .flatMap(name ->
                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                    .map(folder -> Path.of(folder, name)))
            .filter(Files::isExecutable)
            .findFirst();
    if (program.isEmpty() && System.getenv("CI") != null) {
      throw new AssertionError("CI is set, but there is no chromium; .ci/run installs it");
    }
    Assumptions.assumeTrue(
        program.isPresent(), "no chromium on the PATH; apt-get install chromium");
    return new Chromium(program.get(), work);
  }

  /** Opens a page, lets its scripts run, and returns what the document became. */
  String open(Path page) throws IOException, InterruptedException {
    Path document = work.resolve("document.html");
    Path messages = work.resolve("messages.txt");
    Process process =
        new ProcessBuilder(
                program.toString(),
                "--headless=new",
                "--no-sandbox", // root in a container has no other way
                "--disable-gpu",
                "--user-data-dir=" + work.resolve("profile"),
                "--window-size=1280,900",
                "--virtual-time-budget=10000",
                "--enable-logging=stderr",
                "--dump-dom",
                page.toUri().toString())
            .redirectOutput(document.toFile())
            .redirectError(messages.toFile())
            .start();
    if (!process.waitFor(2, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("chromium did not end: " + Files.readString(messages));
    }
    String said = Files.readString(messages);
    assertEquals(0, process.exitValue(), said);
    assertTrue(!said.contains("CONSOLE"), said);
    return Files.readString(document);
  }
}
