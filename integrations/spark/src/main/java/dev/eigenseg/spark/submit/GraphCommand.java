package dev.eigenseg.spark.submit;

import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.spark.GraphJob;
import dev.eigenseg.spark.TaskOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A bank to its graph. */
@Command(
    name = "graph",
    mixinStandardHelpOptions = true,
    description = "Finds the most similar patches of every patch of a bank.",
    footer = {
      "",
      "Example:",
      "  spark-submit eigenseg-spark-submit.jar graph --parts 64 /data/street.bank",
      "  spark-submit eigenseg-spark-submit.jar graph --index ivf --recall 0.95 /data/street.bank"
    })
final class GraphCommand implements Callable<Integer> {
  private static final long MEBIBYTE = 1L << 20;

  private enum Index {
    EXACT,
    IVF
  }

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "BANK", description = "The bank, on a disk that all machines see.")
  private Path bank;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The graph's file (default: graph.knn in the bank).")
  private Optional<Path> output = Optional.empty();

  @Option(
      names = "--neighbors",
      paramLabel = "K",
      description = "Neighbours of a patch (default: 64, fewer in small banks).")
  private OptionalInt neighbors = OptionalInt.empty();

  @Option(
      names = "--index",
      paramLabel = "exact|ivf",
      defaultValue = "exact",
      description =
          "Compare all patches, or those that inverted lists propose (default: ${DEFAULT-VALUE}).")
  private Index index;

  @Option(
      names = "--lists",
      paramLabel = "N",
      description = "ivf: inverted lists (default: one for 160 patches).")
  private OptionalInt lists = OptionalInt.empty();

  @Option(
      names = "--probes",
      paramLabel = "N",
      description = "ivf: lists that a patch looks into (default: 16).")
  private OptionalInt probes = OptionalInt.empty();

  @Option(
      names = "--recall",
      paramLabel = "SHARE",
      description =
          "ivf: choose --probes so that this share of the true neighbours is found, such as 0.95.")
  private OptionalDouble recall = OptionalDouble.empty();

  @Option(
      names = "--parts",
      paramLabel = "N",
      defaultValue = "0",
      description = "How many tasks there are (default: four for each processor).")
  private int parts;

  @Option(
      names = "--memory",
      paramLabel = "MIB",
      defaultValue = "1024",
      description = "Most memory of a task, in MiB (default: ${DEFAULT-VALUE}).")
  private long memory;

  @Override
  public Integer call() throws Exception {
    Path file = output.orElseGet(() -> BankGraph.file(bank));
    try (SparkSession spark = Submit.session("graph")) {
      int tasks = Submit.tasks(spark, parts);
      new GraphJob(options(), tasks).run(spark, bank, file);
      spec.commandLine().getOut().println(file);
      return 0;
    }
  }

  // Of plain values alone: what a task gets is sent to it.
  private TaskOptions<GraphOptions> options() {
    int wanted = neighbors.orElse(0);
    long bytes = memory * MEBIBYTE;
    boolean approximate = index == Index.IVF;
    int wantedLists = lists.orElse(0);
    int wantedProbes = probes.orElse(0);
    double share = recall.orElse(0);
    try {
      index(approximate, wantedLists, wantedProbes, share);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    return () ->
        GraphOptions.DEFAULT
            .withNeighbors(optional(wanted))
            .withIndex(index(approximate, wantedLists, wantedProbes, share))
            .withMemory(bytes);
  }

  private static KnnIndex index(boolean approximate, int lists, int probes, double recall) {
    if (!approximate && (lists != 0 || probes != 0 || recall != 0)) {
      throw new IllegalArgumentException(
          "--lists, --probes and --recall do nothing without --index ivf");
    }
    return new KnnIndex(
        approximate ? KnnIndex.Kind.IVF : KnnIndex.Kind.EXACT,
        optional(lists),
        optional(probes),
        OptionalInt.empty(),
        OptionalInt.empty(),
        false,
        recall == 0 ? OptionalDouble.empty() : OptionalDouble.of(recall));
  }

  private static OptionalInt optional(int value) {
    return value == 0 ? OptionalInt.empty() : OptionalInt.of(value);
  }
}
