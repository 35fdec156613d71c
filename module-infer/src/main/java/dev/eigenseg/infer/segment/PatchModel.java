package dev.eigenseg.infer.segment;

import dev.eigenseg.api.tensor.Tensor;

/** Gives the logits of patches. Thread-safe. */
@FunctionalInterface
interface PatchModel {
  /**
   * The logits of every patch.
   *
   * @param pixels as for {@link dev.eigenseg.api.Backbone#extract(Tensor)}; borrowed
   * @param threads that may work on it
   * @return float32 {@code [patches, clusters]}; the caller owns it
   */
  Tensor logits(Tensor pixels, int threads);
}
