package dev.eigenseg.cli;

import dev.eigenseg.graph.KMeansOptions;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * The options of {@code train} that shape K-means, named as in {@link KMeansOptions}, whose
 * defaults hold.
 */
final class KMeansFlags {
  @Option(
      names = "--inits",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description = "Independent starts, of which the best is kept (default: 1).")
  private Optional<Integer> inits = Optional.empty();

  @Option(
      names = "--max-iterations",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description = "The most rounds of one start (default: 300).")
  private Optional<Integer> maxIterations = Optional.empty();

  @Option(
      names = "--normalize-rows",
      description = "Divide every row by its norm first (default: rows as they are).")
  private boolean normalizeRows;

  @Option(
      names = "--batch-rows",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description =
          "Mini-batches of so many patches where there are more; a large N always takes all (default: 16384 beyond 1048576 patches).")
  private Optional<Integer> batchRows = Optional.empty();

  KMeansOptions options(int clusters, long seed, int threads) {
    KMeansOptions defaults = KMeansOptions.of(clusters);
    return defaults
        .withInits(inits.orElse(defaults.inits()))
        .withLimits(maxIterations.orElse(defaults.maxIterations()), defaults.tolerance())
        .withNormalizeRows(normalizeRows)
        .withBatchRows(batchRows.orElse(defaults.batchRows()))
        .withSeed(seed)
        .withThreads(threads);
  }
}
