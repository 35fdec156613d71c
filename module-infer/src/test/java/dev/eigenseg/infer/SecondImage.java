package dev.eigenseg.infer;

import dev.eigenseg.api.Images;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Whether the second image of a process takes as long as later ones: prints the milliseconds of the
 * first, of the second, and the median of the last third of {@value #IMAGES}, each from the file of
 * a picture to the file of its mask.
 *
 * <p>Arguments: model, backbone, picture, PNG to write, threads.
 */
public final class SecondImage {
  private static final int IMAGES = 60;

  private SecondImage() {}

  public static void main(String[] args) throws IOException {
    SegmentOptions options = SegmentOptions.DEFAULT.withThreads(Integer.parseInt(args[4]));
    double[] times = new double[IMAGES];
    try (Segmenter segmenter = Segmenter.load(Path.of(args[0]), args[1], "cpu")) {
      for (int i = 0; i < IMAGES; i++) {
        long start = System.nanoTime();
        segmenter.segment(Images.read(Path.of(args[2])), options).writeIndexPng(Path.of(args[3]));
        times[i] = (System.nanoTime() - start) / 1e6;
      }
    }
    double[] last = Arrays.copyOfRange(times, IMAGES - IMAGES / 3, IMAGES);
    Arrays.sort(last);
    System.out.printf("%.1f\t%.1f\t%.1f%n", times[0], times[1], last[last.length / 2]);
  }
}
