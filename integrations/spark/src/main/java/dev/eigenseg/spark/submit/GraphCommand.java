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
import java.util.function.Supplier;
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
  private Optional<Integer> neighbors = Optional.empty();

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
  private Optional<Integer> lists = Optional.empty();

  @Option(
      names = "--probes",
      paramLabel = "N",
      description = "ivf: lists that a patch looks into (default: 16).")
  private Optional<Integer> probes = Optional.empty();

  @Option(
      names = "--recall",
      paramLabel = "SHARE",
      description =
          "ivf: choose --probes so that this share of the true neighbours is found, such as 0.95.")
  private Optional<Double> recall = Optional.empty();

  @Option(
      names = "--parts",
      paramLabel = "N",
      description =
          "How many tasks there are (default: four for each processor; ivf, where each part is a "
              + "file as large as the graph: two for each executor).")
  private Optional<Integer> parts = Optional.empty();

  @Option(
      names = "--memory",
      paramLabel = "MIB",
      defaultValue = "1024",
      description = "Most memory of a task, in MiB (default: ${DEFAULT-VALUE}).")
  private long memory;

  @Override
  public Integer call() throws Exception {
    Path file = output.orElseGet(() -> BankGraph.file(bank));
    TaskOptions<GraphOptions> options = usage(this::options);
    try (SparkSession spark = Submit.session("graph")) {
      new GraphJob(options, parts.orElseGet(() -> defaultParts(spark))).run(spark, bank, file);
      spec.commandLine().getOut().println(file);
      return 0;
    }
  }

  private int defaultParts(SparkSession spark) {
    return index == Index.IVF ? 2 * Submit.executors(spark) : Submit.tasks(spark, 0);
  }

  private <T> T usage(Supplier<T> checked) {
    try {
      return checked.get();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  // Of plain values alone: what a task gets is sent to it. Zero is what was not given.
  TaskOptions<GraphOptions> options() {
    boolean approximate = index == Index.IVF;
    if (!approximate && (lists.isPresent() || probes.isPresent() || recall.isPresent())) {
      throw new IllegalArgumentException(
          "--lists, --probes and --recall do nothing without --index ivf");
    }
    index(approximate, lists, probes, recall); // checks them
    requirePositive("--parts", parts);
    requirePositive("--neighbors", neighbors);
    long bytes = bytes(memory);
    int wanted = neighbors.orElse(0);
    int wantedLists = lists.orElse(0);
    int wantedProbes = probes.orElse(0);
    double share = recall.orElse(0.0);
    return () ->
        GraphOptions.DEFAULT
            .withNeighbors(number(given(wanted)))
            .withIndex(index(approximate, given(wantedLists), given(wantedProbes), given(share)))
            .withMemory(bytes);
  }

  private static void requirePositive(String option, Optional<Integer> value) {
    if (value.isPresent() && value.get() < 1) {
      throw new IllegalArgumentException(
          "%s is %d, expected at least 1".formatted(option, value.get()));
    }
  }

  private static long bytes(long mebibytes) {
    if (mebibytes < 1) {
      throw new IllegalArgumentException(
          "--memory is %d MiB, expected at least 1".formatted(mebibytes));
    }
    try {
      return Math.multiplyExact(mebibytes, MEBIBYTE);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "--memory is %d MiB, expected at most %d".formatted(mebibytes, Long.MAX_VALUE / MEBIBYTE),
          e);
    }
  }

  private static KnnIndex index(
      boolean approximate,
      Optional<Integer> lists,
      Optional<Integer> probes,
      Optional<Double> recall) {
    return new KnnIndex(
        approximate ? KnnIndex.Kind.IVF : KnnIndex.Kind.EXACT,
        number(lists),
        number(probes),
        OptionalInt.empty(),
        OptionalInt.empty(),
        false,
        recall.map(OptionalDouble::of).orElseGet(OptionalDouble::empty));
  }

  private static OptionalInt number(Optional<Integer> value) {
    return value.map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  private static <T extends Number> Optional<T> given(T value) {
    return Optional.of(value).filter(number -> number.doubleValue() != 0);
  }
}
