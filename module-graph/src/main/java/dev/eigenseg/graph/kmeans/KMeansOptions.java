package dev.eigenseg.graph.kmeans;

/**
 * How {@link KMeans} works.
 *
 * @param clusters the number of centroids, K
 * @param inits independent starts; the one with the least inertia wins
 * @param maxIterations the most passes of Lloyd's algorithm, or mini-batch steps, of one start
 * @param tolerance a start also ends when the squared movement of all centroids together falls
 *     below this fraction of the mean variance of a channel; 0 demands that no row changes its
 *     cluster
 * @param normalizeRows whether rows are divided by their L2 norm first (zero rows stay zero)
 * @param batchRows rows of a mini-batch, used when the bank has more rows than this; 0 always runs
 *     Lloyd's algorithm; {@link #AUTOMATIC} runs it up to {@value #LLOYD_ROWS} rows, and
 *     mini-batches of {@value #AUTOMATIC_BATCH} rows beyond
 * @param memory bytes for a copy of the rows in memory; larger banks are read again in every pass,
 *     with the same result
 * @param seed equal seeds give equal results, at any thread count and memory
 * @param threads worker threads
 */
public record KMeansOptions(
    int clusters,
    int inits,
    int maxIterations,
    double tolerance,
    boolean normalizeRows,
    int batchRows,
    long memory,
    long seed,
    int threads) {
  /** Batch rows by the size of the bank. */
  public static final int AUTOMATIC = -1;

  /** The most rows that are clustered by Lloyd's algorithm unless batch rows say otherwise. */
  public static final long LLOYD_ROWS = 1 << 20;

  /** The rows of a mini-batch unless batch rows say otherwise. */
  public static final int AUTOMATIC_BATCH = 1 << 14;

  /** Checks the ranges. */
  public KMeansOptions {
    if (clusters < 1 || inits < 1 || maxIterations < 1 || threads < 1) {
      throw new IllegalArgumentException(
          "clusters, inits, iterations and threads must be at least 1: %d, %d, %d, %d"
              .formatted(clusters, inits, maxIterations, threads));
    }
    if (batchRows < AUTOMATIC || memory < 0 || !(tolerance >= 0)) {
      throw new IllegalArgumentException("batch rows, memory and tolerance cannot be negative");
    }
  }

  /**
   * One start, 300 iterations, tolerance 1e-4, rows as they are, mini-batches beyond {@value
   * #LLOYD_ROWS} rows, 1 GiB, seed 0, all processors.
   */
  public static KMeansOptions of(int clusters) {
    return new KMeansOptions(
        clusters,
        1,
        300,
        1e-4,
        false,
        AUTOMATIC,
        1L << 30,
        0,
        Runtime.getRuntime().availableProcessors());
  }

  /** The rows of a mini-batch for so many rows; 0 for Lloyd's algorithm. */
  int batchRows(long rows) {
    if (batchRows == AUTOMATIC) {
      return rows > LLOYD_ROWS ? AUTOMATIC_BATCH : 0;
    }
    return rows > batchRows ? batchRows : 0;
  }

  /** With another number of starts. */
  public KMeansOptions withInits(int value) {
    return new KMeansOptions(
        clusters, value, maxIterations, tolerance, normalizeRows, batchRows, memory, seed, threads);
  }

  /** With other limits for one start. */
  public KMeansOptions withLimits(int iterations, double movement) {
    return new KMeansOptions(
        clusters, inits, iterations, movement, normalizeRows, batchRows, memory, seed, threads);
  }

  /** With rows divided by their norms, or not. */
  public KMeansOptions withNormalizeRows(boolean value) {
    return new KMeansOptions(
        clusters, inits, maxIterations, tolerance, value, batchRows, memory, seed, threads);
  }

  /** With mini-batches of so many rows, 0 for none, or {@link #AUTOMATIC}. */
  public KMeansOptions withBatchRows(int value) {
    return new KMeansOptions(
        clusters, inits, maxIterations, tolerance, normalizeRows, value, memory, seed, threads);
  }

  /** With another bound on the copy of the rows. */
  public KMeansOptions withMemory(long value) {
    return new KMeansOptions(
        clusters, inits, maxIterations, tolerance, normalizeRows, batchRows, value, seed, threads);
  }

  /** With another seed. */
  public KMeansOptions withSeed(long value) {
    return new KMeansOptions(
        clusters,
        inits,
        maxIterations,
        tolerance,
        normalizeRows,
        batchRows,
        memory,
        value,
        threads);
  }

  /** With another number of threads. */
  public KMeansOptions withThreads(int value) {
    return new KMeansOptions(
        clusters, inits, maxIterations, tolerance, normalizeRows, batchRows, memory, seed, value);
  }
}
