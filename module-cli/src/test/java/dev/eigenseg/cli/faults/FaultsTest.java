package dev.eigenseg.cli.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.cli.TestSeed;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls outside Java that fail, in processes of their own. */
class FaultsTest {
  private static final String FAISS = "eigenseg.faiss.library";

  @TempDir Path folder;

  @Test
  void afterAFaultAtAnySiteNothingIsLeftOpen() throws Exception {
    String sites = System.getProperty("eigenseg.faults", Long.toString(TestSeed.next()));
    String output = run(FaultRuns.class, sites);
    System.out.println(output.lines().toList().getLast());
    Matcher total = Pattern.compile("faults: (\\d+) thrown in \\d+ runs, 0 wrong").matcher(output);
    assertTrue(total.find(), output);
    assertTrue(Integer.parseInt(total.group(1)) > 300, output);
    if (System.getenv("CI") != null) {
      assertFalse(output.contains(FaultRuns.SKIPPED), output);
    }
  }

  @Test
  void filesThatAreCutOffWhileTheyAreMappedEndNoProcess() throws Exception {
    String output = run(CutFiles.class);
    assertTrue(output.contains(CutFiles.DONE), output);
    assertTrue(output.contains("graph, a number: InternalError"), output);
  }

  private String run(Class<?> main, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx1g",
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-Djava.awt.headless=true",
            "-Dai.djl.offline=true",
            "-D%s=%s".formatted(FAISS, System.getProperty(FAISS, "")),
            "-cp",
            classPath(),
            main.getName(),
            folder.toString()));
    command.addAll(List.of(arguments));
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    // As the launcher does: threads of two OpenMP libraries that spin keep each other waiting.
    builder.environment().put("OMP_WAIT_POLICY", "PASSIVE");
    builder.environment().put("GOMP_SPINCOUNT", "10000");
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(10, TimeUnit.MINUTES), () -> "still running: " + text(log));
    } finally {
      process.destroyForcibly();
    }
    String output = text(log);
    assertEquals(0, process.exitValue(), output);
    return output;
  }

  private static String text(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  // Everything that this process has: one unnamed module, so that any class is reached.
  private static String classPath() throws URISyntaxException {
    Path tests =
        Path.of(FaultsTest.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Stream<String> paths =
        Stream.of("jdk.module.path", "java.class.path")
            .flatMap(name -> Stream.of(System.getProperty(name, "").split(File.pathSeparator)));
    return Stream.concat(
            Stream.of(tests.toString(), tests.resolveSibling("test-classes").toString()), paths)
        .filter(path -> !path.isEmpty())
        .distinct()
        .collect(Collectors.joining(File.pathSeparator));
  }
}
