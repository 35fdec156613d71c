package dev.eigenseg.graph.spectral;

/**
 * How {@link Eigensolver} works.
 *
 * @param count the number of leading eigenpairs, m
 * @param tolerance a pair is good when its residual is at most this fraction of the largest
 *     eigenvalue; float32 vectors do not reach far below 1e-6
 * @param restarts the most times that the search is restarted; what is not good by then is returned
 *     with its residual
 * @param seed of the random start
 * @param threads worker threads; they do not change the result
 */
public record EigenOptions(int count, double tolerance, int restarts, long seed, int threads) {
  /** Checks the ranges. */
  public EigenOptions {
    if (count < 1 || restarts < 0 || threads < 1 || !(tolerance > 0)) {
      throw new IllegalArgumentException(
          "count %d, tolerance %s, restarts %d, threads %d"
              .formatted(count, tolerance, restarts, threads));
    }
  }

  /** Tolerance 1e-4, at most 100 restarts, seed 0, all processors. */
  public static EigenOptions of(int count) {
    return new EigenOptions(count, 1e-4, 100, 0, Runtime.getRuntime().availableProcessors());
  }

  /** With another tolerance. */
  public EigenOptions withTolerance(double value) {
    return new EigenOptions(count, value, restarts, seed, threads);
  }

  /** With another seed. */
  public EigenOptions withSeed(long value) {
    return new EigenOptions(count, tolerance, restarts, value, threads);
  }

  /** With another number of threads. */
  public EigenOptions withThreads(int value) {
    return new EigenOptions(count, tolerance, restarts, seed, value);
  }
}
