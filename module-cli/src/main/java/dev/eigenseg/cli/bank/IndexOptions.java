package dev.eigenseg.cli.bank;

import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.cli.session.CommonOptions;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** How neighbours are looked for. */
final class IndexOptions {
  @Option(
      names = "--index",
      paramLabel = "exact|ivf|hnsw",
      defaultValue = "exact",
      description =
          "Compare all patches, or those that an index proposes: ivf and hnsw are faster on "
              + "large banks and miss some neighbours; how many is measured (default: "
              + "${DEFAULT-VALUE}).")
  private KnnIndex.Kind kind;

  @Option(
      names = "--lists",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description =
          "ivf: inverted lists (default: one for 160 patches; engine faiss: the square root of the patches).")
  private Optional<Integer> lists = Optional.empty();

  @Option(
      names = "--probes",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description =
          "ivf: lists that a patch looks into (default: 16; engine faiss: a sixteenth of them).")
  private Optional<Integer> probes = Optional.empty();

  @Option(
      names = "--training-rows",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description = "ivf: patches from which the lists are learned (default: 64 a list).")
  private Optional<Integer> trainingRows = Optional.empty();

  @Option(names = "--half", description = "ivf: keep the index in float16, half as large.")
  private boolean half;

  @Option(
      names = "--ef-search",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description = "hnsw: candidates that a patch keeps (default: twice the neighbours).")
  private Optional<Integer> efSearch = Optional.empty();

  @Option(
      names = "--recall",
      paramLabel = "SHARE",
      description =
          "ivf, engine vector: choose --probes so that this share of the true neighbours is found, such as 0.95, above 0 and at most 1.")
  private Optional<Double> recall = Optional.empty();

  /**
   * What was asked for.
   *
   * @throws IllegalArgumentException if an option belongs to another index, or they do not go
   *     together
   */
  KnnIndex index() {
    boolean ofLists = lists.isPresent() || probes.isPresent() || trainingRows.isPresent() || half;
    if (ofLists && kind != KnnIndex.Kind.IVF) {
      throw new IllegalArgumentException(
          "--lists, --probes, --training-rows and --half do nothing without --index ivf");
    }
    if (efSearch.isPresent() && kind != KnnIndex.Kind.HNSW) {
      throw new IllegalArgumentException("--ef-search does nothing without --index hnsw");
    }
    return new KnnIndex(
        kind,
        optional(lists),
        optional(probes),
        optional(efSearch),
        optional(trainingRows),
        half,
        recall.stream().mapToDouble(Double::doubleValue).findFirst());
  }

  private static OptionalInt optional(Optional<Integer> value) {
    return value.stream().mapToInt(Integer::intValue).findFirst();
  }
}
