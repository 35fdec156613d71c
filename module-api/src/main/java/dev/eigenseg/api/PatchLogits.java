package dev.eigenseg.api;

import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Owns a model's outputs for the patches of one image, before the decision for a cluster: the
 * learned eigenfunctions, or for k-means the negative squared distances.
 *
 * @param gridRows patches from top to bottom
 * @param gridColumns patches from left to right
 * @param values float32, {@code [gridRows * gridColumns, clusters]}, patches row by row
 * @param divisor what the values are divided by before a softmax, positive
 */
public record PatchLogits(int gridRows, int gridColumns, Tensor values, float divisor)
    implements AutoCloseable {
  /** Checks that there is one row a patch. */
  public PatchLogits {
    Objects.requireNonNull(values);
    if (values.rank() != 2 || values.size(0) != (long) gridRows * gridColumns || !(divisor > 0)) {
      throw new IllegalArgumentException(
          "expected one row for each of %d x %d patches and a positive divisor, found %s and %s"
              .formatted(gridRows, gridColumns, values, divisor));
    }
  }

  /**
   * The softmax of every row, over the divisor.
   *
   * @return float32 {@code [gridRows * gridColumns, clusters]}; the caller owns it
   */
  public Tensor probabilities() {
    Tensor probabilities = Tensor.allocate(DType.F32, values.shape());
    try {
      MemorySegment memory = probabilities.segment().copyFrom(values.segment());
      VectorMath.best()
          .softmaxRows(divisor, memory, 0, values.size(0), Math.toIntExact(values.size(1)));
      return probabilities;
    } catch (RuntimeException | Error e) {
      probabilities.close();
      throw e;
    }
  }

  @Override
  public void close() {
    values.close();
  }
}
