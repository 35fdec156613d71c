package dev.eigenseg.spark.submit;

import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.spark.GraphJob;
import dev.eigenseg.spark.TaskOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A bank to its exact graph. */
@Command(
    name = "graph",
    mixinStandardHelpOptions = true,
    description = "Finds the most similar patches of every patch of a bank, exactly.",
    footer = {
      "",
      "Example:",
      "  spark-submit eigenseg-spark-submit.jar graph --parts 64 /data/street.bank"
    })
final class GraphCommand implements Callable<Integer> {
  private static final long MEBIBYTE = 1L << 20;

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
      new GraphJob(options(neighbors, memory * MEBIBYTE), tasks).run(spark, bank, file);
      spec.commandLine().getOut().println(file);
      return 0;
    }
  }

  // Of plain values alone: what a task gets is sent to it.
  private static TaskOptions<GraphOptions> options(OptionalInt neighbors, long memory) {
    int wanted = neighbors.orElse(0);
    return () ->
        GraphOptions.DEFAULT
            .withNeighbors(wanted > 0 ? OptionalInt.of(wanted) : OptionalInt.empty())
            .withMemory(memory);
  }
}
