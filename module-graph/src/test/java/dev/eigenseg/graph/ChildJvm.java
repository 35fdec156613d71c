package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import dev.eigenseg.api.Progress;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Owns a JVM of its own that runs a main class of the tests, all modules on its class path. */
public final class ChildJvm implements AutoCloseable {
  private final Process process;

  /** In place of an option: leaves the Vector API out. */
  static final String WITHOUT_VECTORS = "without vectors";

  private final Path log;

  private ChildJvm(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts one.
   *
   * @param log receives what it prints
   * @param options of the JVM
   */
  public static ChildJvm start(Path log, List<String> options, Class<?> main, String... arguments)
      throws IOException {
    return start(log, List.of(), options, main, arguments);
  }

  /** Likewise, with more places on the class path. */
  public static ChildJvm start(
      Path log, List<Path> places, List<String> options, Class<?> main, String... arguments)
      throws IOException {
    ProcessBuilder builder =
        command(places, options, main, arguments)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    return new ChildJvm(builder.start(), log);
  }

  /** The command that starts one; what it prints is its caller's. */
  static ProcessBuilder command(
      List<Path> places, List<String> options, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(options);
    command.removeIf(option -> option.equals(WITHOUT_VECTORS));
    if (options.contains(WITHOUT_VECTORS)) {
      command.remove("--add-modules=jdk.incubator.vector");
    }
    command.addAll(List.of("-cp", classPath(places, main), main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command);
  }

  private static String classPath(List<Path> more, Class<?> main) {
    List<String> places = new ArrayList<>();
    for (Class<?> type : List.of(main, KnnGraph.class, Progress.class, Gson.class)) {
      places.add(place(type).toString());
    }
    more.forEach(place -> places.add(place.toString()));
    return String.join(File.pathSeparator, places);
  }

  // A test class is patched into its module, so its code source may name the other folder.
  private static Path place(Class<?> type) {
    String file = type.getName().replace('.', '/') + ".class";
    String url = type.getResource("/" + file).toString();
    String whole = url.substring(0, url.length() - file.length());
    return Path.of(
        URI.create(whole.startsWith("jar:") ? whole.substring(4, whole.length() - 2) : whole));
  }

  /** Waits for its end, which must be a good one, and returns what it printed. */
  public String output() throws IOException, InterruptedException {
    assertTrue(process.waitFor(2, TimeUnit.MINUTES), "still running");
    String output = Files.readString(log);
    assertEquals(0, process.exitValue(), output);
    return output;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
