package dev.eigenseg.cli.train;

import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

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

  @Option(
      names = "--density-power",
      paramLabel = "P",
      converter = Power.class,
      description =
          "Let a patch count by the distance to its farthest neighbour in the bank's graph to "
              + "this power, such as 4, so that rare things get clusters of their own; needs "
              + "'eigenseg graph' (default: all patches count alike).")
  private Optional<Double> densityPower = Optional.empty();

  /** Reads a positive number. */
  static final class Power implements ITypeConverter<Double> {
    @Override
    public Double convert(String value) {
      double power = Double.parseDouble(value);
      if (!(power > 0) || Double.isInfinite(power)) {
        throw new TypeConversionException("'" + value + "' is not above 0");
      }
      return power;
    }
  }

  Optional<Double> densityPower() {
    return densityPower;
  }

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
