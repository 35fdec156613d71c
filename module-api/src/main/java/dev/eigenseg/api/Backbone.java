package dev.eigenseg.api;

import dev.eigenseg.api.tensor.Tensor;

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
