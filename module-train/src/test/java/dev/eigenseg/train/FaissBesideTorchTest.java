package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.graph.KnnEngines;
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
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * FAISS and libtorch in one process: each brings an OpenMP library, and which is loaded first
 * decides how many there are. What is loaded stays, so every case is a process of its own.
 */
class FaissBesideTorchTest {
  private static final String LIBRARY = "eigenseg.faiss.library";

  @TempDir Path folder;

  @BeforeEach
  void requireFaiss() {
    Availability availability =
        KnnEngines.all().stream()
            .filter(engine -> engine.name().equals("faiss"))
            .findFirst()
            .orElseThrow()
            .availability();
    if (System.getenv("CI") != null) {
      assertEquals(List.of(), availability.reasons());
    }
    Assumptions.assumeTrue(availability.available(), availability.reasons().toString());
  }

  @ParameterizedTest
  @CsvSource({"faiss, 1", "faiss, 3", "torch, 1", "torch, 3"})
  void bothWorkInEitherOrder(String first, int threads) throws Exception {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx512m",
            "-D" + LIBRARY + "=" + System.getProperty(LIBRARY),
            "-cp",
            classPath(),
            FaissBesideTorch.class.getName(),
            first,
            Integer.toString(threads));
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    // As the launcher does: two OpenMP libraries whose idle threads spin keep each other waiting.
    builder.environment().put("OMP_WAIT_POLICY", "PASSIVE");
    builder.environment().put("GOMP_SPINCOUNT", "0");
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(3, TimeUnit.MINUTES), "still running");
    } finally {
      process.destroyForcibly();
    }
    String output = Files.readString(log);
    assertEquals(0, process.exitValue(), output);
    assertTrue(output.contains(FaissBesideTorch.GOOD), output);
  }

  // Everything that this process has, on a class path.
  private static String classPath() throws IOException {
    List<String> places = new ArrayList<>();
    places.add(place(FaissBesideTorch.class));
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
