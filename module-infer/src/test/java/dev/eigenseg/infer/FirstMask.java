package dev.eigenseg.infer;

import dev.eigenseg.api.Images;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import java.io.IOException;
import java.nio.file.Path;

/**
 * From the start of the JVM to the first mask, as an application would: {@code eigenseg bench
 * infer} starts it with api, infer and Gson alone and measures the process from outside.
 *
 * <p>Arguments: model, backbone, picture, PNG to write, threads.
 */
public final class FirstMask {
  private FirstMask() {}

  public static void main(String[] args) throws IOException {
    SegmentOptions options = SegmentOptions.DEFAULT.withThreads(Integer.parseInt(args[4]));
    try (Segmenter segmenter = Segmenter.load(Path.of(args[0]), args[1], "cpu")) {
      segmenter.segment(Images.read(Path.of(args[2])), options).writeIndexPng(Path.of(args[3]));
    }
  }
}
