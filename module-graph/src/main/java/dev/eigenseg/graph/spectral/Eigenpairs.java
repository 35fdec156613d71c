package dev.eigenseg.graph.spectral;

import dev.eigenseg.api.tensor.Tensor;
import java.util.Arrays;

/**
 * Owns the leading eigenvectors of a symmetric matrix of N rows, with their eigenvalues.
 *
 * @param values m eigenvalues, falling
 * @param residuals of each pair, |A v - lambda v| for |v| = 1, as the solver estimates it
 * @param vectors float32 {@code [N, m]}, a column for each value, of length 1 and pairwise
 *     orthogonal up to rounding; signs are arbitrary
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
public record Eigenpairs(double[] values, double[] residuals, Tensor vectors)
    implements AutoCloseable {
  /** Checks the shapes. */
  public Eigenpairs {
    if (values.length != vectors.size(1) || residuals.length != values.length) {
      throw new IllegalArgumentException(
          "%d values and %d residuals for %s".formatted(values.length, residuals.length, vectors));
    }
    values = values.clone();
    residuals = residuals.clone();
  }

  @Override
  public double[] values() {
    return values.clone();
  }

  @Override
  public double[] residuals() {
    return residuals.clone();
  }

  /** The number of pairs, m. */
  public int count() {
    return values.length;
  }

  /** The largest residual. */
  public double worstResidual() {
    return Arrays.stream(residuals).max().orElse(0);
  }

  @Override
  public void close() {
    vectors.close();
  }
}
