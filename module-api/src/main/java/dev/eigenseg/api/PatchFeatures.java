package dev.eigenseg.api;

import dev.eigenseg.api.tensor.Tensor;
import java.util.Objects;

/**
 * Owns the features of one image's patches at three depths of a backbone.
 *
 * @param gridRows patches from top to bottom
 * @param gridColumns patches from left to right
 * @param low tokens of the first block, float32, {@code [gridRows * gridColumns, dim]}, patches row
 *     by row
 * @param mid tokens of the middle block, likewise
 * @param high tokens of the last block, likewise; the kernel is built on these
 */
public record PatchFeatures(int gridRows, int gridColumns, Tensor low, Tensor mid, Tensor high)
    implements AutoCloseable {
  /** Checks that all levels have one row a patch. */
  public PatchFeatures {
    Objects.requireNonNull(low);
    Objects.requireNonNull(mid);
    Objects.requireNonNull(high);
    long patches = (long) gridRows * gridColumns;
    for (Tensor level : new Tensor[] {low, mid, high}) {
      if (level.rank() != 2 || level.size(0) != patches) {
        throw new IllegalArgumentException(
            "expected one row for each of %d x %d patches, found %s"
                .formatted(gridRows, gridColumns, level));
      }
    }
  }

  /** The number of patches. */
  public int patches() {
    return gridRows * gridColumns;
  }

  @Override
  public void close() {
    try (low;
        mid;
        high) {
      // Each level is closed, even if another one fails.
    }
  }
}
