package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.LargeImage;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.TestSeed;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * 4096 x 4096 pixels in a JVM whose limits are far below one plane of pixels in floats (201 MB),
 * not to speak of all logits (2.1 GB): 64 MB are the image, twice 34 the clusters of its pixels, of
 * which the result is a copy.
 */
class BoundedMemoryTest {
  @TempDir Path folder;

  @Test
  void largeImagesNeedStripsAndWindowsOnly() throws Exception {
    Path model = folder.resolve("model.safetensors");
    SegmenterModel written =
        Fixtures.model(TestSeed.random(), SegmenterMethod.NEURAL_EIGENFUNCTIONS, 32);
    SegmenterFile.write(model, written);
    Fixtures.close(written.tensors());
    String output = run(model, "-Xmx176m", "-XX:MaxDirectMemorySize=64m");
    System.out.println(output);
    assertTrue(output.contains("clusters "), output);
  }

  private String run(Path model, String... limits) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(limits));
    command.addAll(
        List.of(
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            classPath(),
            LargeImage.class.getName(),
            model.toString(),
            "4096",
            "2"));
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertTrue(process.waitFor(5, TimeUnit.MINUTES), "still running");
    } finally {
      process.destroyForcibly();
    }
    String output = Files.readString(log, StandardCharsets.UTF_8);
    assertEquals(0, process.exitValue(), output);
    return output;
  }

  private static String classPath() throws IOException, URISyntaxException {
    List<String> places = new ArrayList<>();
    for (Class<?> type :
        List.of(LargeImage.class, LoadedSegmenter.class, Segmenter.class, Gson.class)) {
      places.add(
          Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
    }
    return String.join(File.pathSeparator, places);
  }
}
