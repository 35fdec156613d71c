package dev.eigenseg.cli.input;

import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.graph.BankGraph;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** How many neighbours a patch has. */
public final class NeighborOptions {
  @Option(
      names = "--neighbors",
      paramLabel = "K",
      converter = CommonOptions.PositiveInt.class,
      description =
          "Neighbours a patch: in a bank's graph that has to be built (default: "
              + BankGraph.NEIGHBORS
              + ", fewer below 1024 patches), or within a batch or one image (default: 256 for 14,400 patches, in proportion).")
  private Optional<Integer> neighbors = Optional.empty();

  /** What the user gave. */
  public Optional<Integer> neighbors() {
    return neighbors;
  }

  /** Likewise, as options of a graph have it. */
  public OptionalInt asInt() {
    return neighbors.map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  /** What the user gave in a group that stays absent if nothing of it was given. */
  public static Optional<Integer> of(NeighborOptions options) {
    return options == null ? Optional.empty() : options.neighbors;
  }
}
