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

  // Products are rounded to 2^-24 of the largest value, which must not drown the others.
  private static final double MOST_LIFT = 2000;
  private static final int MOST_DEGREE = 15;

  /** The highest degree that float32 bears for eigenvalues between a cut and the largest. */
  static ChebyshevFilter between(double least, double cut, double largest) {
    double centre = (cut + least) / 2;
    double halfWidth = (cut - least) / 2;
    double growth = acosh((largest - centre) / halfWidth);
    int degree = (int) Math.clamp(acosh(MOST_LIFT) / growth, 1, MOST_DEGREE);
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

  /** By how much more the polynomial changes than an eigenvalue from {@link #eigenvalue} does. */
  double slope(double eigenvalue) {
    double t = acosh(Math.max(1, (eigenvalue - centre) / halfWidth));
    double ratio = t < 1e-6 ? degree : Math.sinh(degree * t) / Math.sinh(t);
    return lifts() ? degree * ratio / halfWidth : 1 / halfWidth;
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
