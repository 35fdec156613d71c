package dev.eigenseg.graph.spectral;

import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import java.io.IOException;

/**
 * A polynomial of a kernel that keeps its eigenvectors and lifts the largest eigenvalues above the
 * others: the Chebyshev polynomial of an interval, which is between -1 and 1 there and grows as
 * fast as any polynomial of its degree beyond (Zhou and Saad, A Chebyshev-Davidson algorithm,
 * 2007). A search in which every step is such a polynomial makes more products with the kernel for
 * each vector that it has to keep orthogonal.
 *
 * @param degree odd, so that eigenvalues below the interval are not lifted but lowered
 * @param centre of the interval
 * @param halfWidth of the interval
 */
record ChebyshevFilter(int degree, double centre, double halfWidth) {
  /** The kernel itself. */
  static final ChebyshevFilter NONE = new ChebyshevFilter(1, 0, 1);

  // A product has the rounding of its largest values, some units of 2^-24 after all steps. Lifted
  // by
  // so much, it must leave eigenvectors at the cut, which are not lifted, within their tolerance.
  private static final double ROUNDING = 8 * 0x1p-24;
  private static final int MOST_DEGREE = 15;

  /**
   * The highest degree that float32 bears for eigenvalues between a cut and the largest.
   *
   * @param tolerance of residuals, as a fraction of the largest eigenvalue
   */
  static ChebyshevFilter between(double least, double cut, double largest, double tolerance) {
    double centre = (cut + least) / 2;
    double halfWidth = (cut - least) / 2;
    double growth = acosh((largest - centre) / halfWidth);
    double lift = Math.max(1, tolerance / ROUNDING);
    int degree = (int) Math.clamp(acosh(lift) / growth, 1, MOST_DEGREE);
    return degree < 3 ? NONE : new ChebyshevFilter((degree - 1) / 2 * 2 + 1, centre, halfWidth);
  }

  boolean lifts() {
    return degree > 1;
  }

  /** The upper end of the interval. */
  double cut() {
    return centre + halfWidth;
  }

  /** The kernel's eigenvalue that becomes one of the polynomial; the cut for those within. */
  double eigenvalue(double lifted) {
    double x = lifts() ? Math.cosh(acosh(Math.max(1, lifted)) / degree) : lifted;
    return centre + halfWidth * x;
  }

  /**
   * How long |A v - lambda v| is at most where the polynomial's residual has length 1, if no
   * eigenvalue is below the interval: what v holds of an eigenvector of the interval counts there
   * by p(lambda) - 1 at least and here by the distance from the interval's lower end at most; of
   * those above, p being convex, less.
   */
  double residualBound(double eigenvalue) {
    if (!lifts()) {
      return 1;
    }
    double x = (eigenvalue - centre) / halfWidth;
    double lifted = Math.cosh(degree * acosh(Math.max(1, x)));
    return (x + 1) * halfWidth / (lifted - 1);
  }

  private static double acosh(double x) {
    return Math.log(x + Math.sqrt(x * x - 1));
  }

  /**
   * Multiplies by the polynomial, by the recurrence T_j+1 = 2 x T_j - T_j-1.
   *
   * @param source left as it is
   * @param target receives the product
   * @param spare two more of their size, overwritten
   */
  void multiply(
      NormalizedAdjacency kernel,
      TallMatrix source,
      TallMatrix target,
      TallMatrix[] spare,
      int threads)
      throws IOException {
    if (!lifts()) {
      kernel.multiply(0, kernel.rows(), source.values(), target.values(), threads);
      return;
    }
    // T_j, T_j-1 and T_j+1 take turns in three blocks, so that the last is the target.
    TallMatrix[] turns = new TallMatrix[3];
    turns[(degree - 1) % 3] = target;
    turns[degree % 3] = spare[0];
    turns[(degree + 1) % 3] = spare[1];
    TallMatrix before = source;
    TallMatrix last = turns[0];
    kernel.multiply(0, kernel.rows(), source.values(), last.values(), threads);
    last.combine(1 / halfWidth, -centre / halfWidth, source, 0, source, threads);
    for (int step = 2; step <= degree; step++) {
      TallMatrix next = turns[(step - 1) % 3];
      kernel.multiply(0, kernel.rows(), last.values(), next.values(), threads);
      next.combine(2 / halfWidth, -2 * centre / halfWidth, last, -1, before, threads);
      before = last;
      last = next;
    }
  }
}
