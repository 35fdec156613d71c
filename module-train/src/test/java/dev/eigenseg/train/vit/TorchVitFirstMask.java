package dev.eigenseg.train.vit;

import dev.eigenseg.api.Images;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * From the start of this process to the first mask with DJL alone: what a lean start is compared
 * with. Prints the milliseconds since the process started, and the largest resident memory.
 *
 * <pre>TorchVitFirstMask MODEL CHECKPOINT IMAGE OUTPUT.png</pre>
 */
public final class TorchVitFirstMask {
  private TorchVitFirstMask() {}

  /** Segments one picture. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 4) {
      throw new IllegalArgumentException(
          "expected MODEL CHECKPOINT IMAGE OUTPUT.png, found " + Arrays.toString(arguments));
    }
    Path image = Path.of(arguments[2]);
    try (TorchSegmenter segmenter =
        TorchSegmenter.open(Path.of(arguments[0]), Path.of(arguments[1]))) {
      segmenter.segment(Images.read(image)).writeIndexPng(Path.of(arguments[3]));
      System.out.printf("first mask %d ms after the start of the process%n", sinceStart());
    }
    peakMemory().forEach(System.out::println);
  }

  private static long sinceStart() {
    Instant start = ProcessHandle.current().info().startInstant().orElseThrow();
    return Duration.between(start, Instant.now()).toMillis();
  }

  // Of Linux; elsewhere nothing is said.
  private static List<String> peakMemory() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return List.of();
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmHWM") || line.startsWith("VmRSS"))
        .toList();
  }
}
