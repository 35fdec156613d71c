package dev.eigenseg.cli.report;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Owns what backbones see in one image. Models of the same backbone share it, as extracting it
 * takes nearly all of the time.
 */
final class Look implements AutoCloseable {
  /** What features depend on, but for the image. */
  private record Eye(String sha256, Map<String, String> settings, ImageGeometry geometry) {}

  private final Path file;
  private final int threads;
  private final Map<ImageGeometry, BufferedImage> images = new HashMap<>();
  private final Map<Eye, PatchFeatures> features = new HashMap<>();

  Look(Path file, int threads) {
    this.file = file;
    this.threads = threads;
  }

  /** The image as a model reads it. */
  BufferedImage image(Segmenter segmenter) {
    return images.computeIfAbsent(segmenter.info().geometry(), geometry -> geometry.read(file));
  }

  /** Its features; borrowed. */
  PatchFeatures features(Segmenter segmenter) {
    Backbone backbone = segmenter.backbone();
    ImageGeometry geometry = segmenter.info().geometry();
    return features.computeIfAbsent(
        new Eye(backbone.sha256(), backbone.settings(), geometry),
        eye -> {
          try (Tensor pixels = geometry.pixels(image(segmenter))) {
            return backbone.extract(pixels, threads);
          }
        });
  }

  @Override
  public void close() {
    Closing.all(features.values(), PatchFeatures::close);
  }
}
