package dev.eigenseg.infer;

import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.infer.descriptor.DescriptorBackbone;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Segments one large image in a JVM of its own, whose memory is limited. */
public final class LargeImage {
  private LargeImage() {}

  /** Arguments: a model of the descriptor backbone, the image's side, threads, and {@code crf}. */
  public static void main(String[] arguments) throws IOException {
    int side = Integer.parseInt(arguments[1]);
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    int[] row = new int[side];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int block = (x / 100) * 31 + (y / 100) * 57;
        row[x] = ((block * 0x9E3779B1) >>> 8) ^ ((x * y) & 15);
      }
      image.getRaster().setDataElements(0, y, side, 1, row);
    }
    SegmentOptions options =
        SegmentOptions.DEFAULT.withWindows(480, 360).withThreads(Integer.parseInt(arguments[2]));
    if (arguments.length > 3) {
      options = options.withCrf(CrfOptions.DEFAULT);
    }
    long start = System.nanoTime();
    try (Segmenter segmenter = Segmenter.load(Path.of(arguments[0]), new DescriptorBackbone())) {
      Segmentation segments = segmenter.segment(image, options);
      long used = Arrays.stream(segments.counts()).filter(count -> count > 0).count();
      System.out.printf(
          "clusters %d, seconds %.1f, %s%n", used, (System.nanoTime() - start) / 1e9, peak());
    }
  }

  private static String peak() throws IOException {
    Path status = Path.of("/proc/self/status");
    return Files.exists(status)
        ? Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("VmHWM"))
            .findFirst()
            .orElse("")
        : "";
  }
}
