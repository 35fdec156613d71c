package dev.eigenseg.api;

import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A frozen feature extractor: pixels in, patch features out. Owns its weights; thread-safe.
 *
 * @see dev.eigenseg.api.spi.BackboneProvider
 */
public interface Backbone extends AutoCloseable {
  /**
   * The stable name under which banks and models refer to this backbone, such as {@code
   * "descriptor"}.
   */
  String id();

  /**
   * SHA-256 of the weights in lower-case hexadecimal; of the algorithm's version where there are no
   * weights.
   */
  String sha256();

  /**
   * How the weights are read, where that changes the features and the weights alone do not show it:
   * by option names, such as {@code heads} and {@code high}. Together with {@link #sha256()} it
   * identifies the features; opening the same weights with these settings gives them again.
   */
  default Map<String, String> settings() {
    return Map.of();
  }

  /** What was assumed about the weights because nothing said it; a sentence each, for people. */
  default List<String> assumptions() {
    return List.of();
  }

  /** The side of a patch in pixels; widths and heights of inputs are multiples of it. */
  int patchSize();

  /** The channels of each level. */
  FeatureDims dims();

  /**
   * Extracts the features of one image. The backbone applies its own pixel normalisation.
   *
   * @param pixels float32, {@code [3, height, width]}, RGB in [0, 1], sides multiples of {@link
   *     #patchSize()}; borrowed
   * @return features that the caller owns
   * @throws BadInputException if the shape does not fit
   */
  PatchFeatures extract(Tensor pixels);

  /**
   * As {@link #extract(Tensor)}, with several threads on one image where the backbone can use them;
   * the features are the same to the bit.
   *
   * @param threads at least 1, the caller's thread among them
   */
  default PatchFeatures extract(Tensor pixels, int threads) {
    return extract(pixels);
  }

  /**
   * The features of an image file at its own size, rounded to whole patches: what it takes to use a
   * backbone alone.
   *
   * <pre>{@code
   * try (Backbone backbone = Backbones.open("vit:dinov2_vits14.safetensors", "cpu");
   *     PatchFeatures features = backbone.extract(Path.of("photo.jpg"))) {
   *   Tensor rows = features.high(); // [gridRows * gridColumns, dims().high()]
   * }
   * }</pre>
   *
   * @return features that the caller owns
   * @throws BadInputException if it is not a readable image
   */
  default PatchFeatures extract(Path image) {
    ImageGeometry whole = new ImageGeometry(Optional.empty(), patchSize());
    ImageGeometry geometry = whole.withBorder(ImageGeometry.Border.FIT);
    return extract(geometry.read(image), geometry, 1);
  }

  /**
   * The features of an image.
   *
   * @param geometry how it becomes patches, of this backbone's size; that of a model is {@code
   *     segmenter.info().geometry()}
   * @param threads at least 1, the caller's thread among them
   * @return features that the caller owns
   * @throws IllegalArgumentException if the geometry has other patches
   */
  default PatchFeatures extract(BufferedImage image, ImageGeometry geometry, int threads) {
    if (geometry.patchSize() != patchSize()) {
      throw new IllegalArgumentException(
          "patches of %d pixels, but backbone '%s' has %d; take geometry.withPatchSize(%d)"
              .formatted(geometry.patchSize(), id(), patchSize(), patchSize()));
    }
    try (Tensor pixels = geometry.pixels(image)) {
      return extract(pixels, threads);
    }
  }

  @Override
  void close();

  /** Channels of the low, mid and high features. */
  record FeatureDims(int low, int mid, int high) {
    /** Channels of the three levels together. */
    public int total() {
      return low + mid + high;
    }
  }
}
