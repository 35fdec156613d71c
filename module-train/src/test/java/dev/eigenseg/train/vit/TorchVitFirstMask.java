package dev.eigenseg.train.vit;

import dev.eigenseg.api.Images;
import dev.eigenseg.api.Segmentation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * From the start of this process to the first mask with DJL alone: what a lean start is compared
 * with. Prints the milliseconds since the process started, those of a second mask, and the largest
 * resident memory.
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
      Segmentation first = segmenter.segment(Images.read(image));
      first.writeIndexPng(Path.of(arguments[3]));
      System.out.printf("first mask %d ms after the start of the process%n", sinceStart());
      long began = System.nanoTime();
      segmenter.segment(Images.read(image));
      System.out.printf("second mask %d ms%n", (System.nanoTime() - began) / 1_000_000);
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
