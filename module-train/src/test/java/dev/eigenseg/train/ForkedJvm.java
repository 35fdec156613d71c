package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs a main class of the tests in a process of its own, with all that this one has. */
final class ForkedJvm {
  private ForkedJvm() {}

  /** Fails unless the process ends well; returns what it printed. */
  static String run(Path folder, List<String> options, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(options);
    command.addAll(List.of("-cp", classPath(), main.getName()));
    command.addAll(List.of(arguments));
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    // As the launcher does: threads of two OpenMP libraries that spin keep each other waiting.
    builder.environment().put("OMP_WAIT_POLICY", "PASSIVE");
    builder.environment().put("GOMP_SPINCOUNT", "10000");
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(3, TimeUnit.MINUTES), "still running");
    } finally {
      process.destroyForcibly();
    }
    String output = Files.readString(log);
    assertEquals(0, process.exitValue(), output);
    return output;
  }

  // Everything that this process has, on a class path.
  private static String classPath() throws IOException {
    List<String> places = new ArrayList<>();
    places.add(place(ForkedJvm.class));
    for (String property : List.of("jdk.module.path", "java.class.path")) {
      places.add(System.getProperty(property));
    }
    return places.stream()
        .flatMap(path -> Stream.of(path.split(File.pathSeparator)))
        .filter(path -> !path.isEmpty())
        .distinct()
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static String place(Class<?> type) throws IOException {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }
}
