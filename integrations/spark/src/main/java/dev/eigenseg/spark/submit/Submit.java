package dev.eigenseg.spark.submit;

import dev.eigenseg.api.EigensegException;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The command line of the jobs: {@code spark-submit eigenseg-spark-submit.jar extract ...}. Says
 * what was made on standard output; exit codes are those of the command {@code eigenseg}.
 */
@Command(
    name = "eigenseg-spark",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(extract | graph | segment | evaluate)",
    subcommands = {
      ExtractCommand.class,
      GraphCommand.class,
      SegmentCommand.class,
      EvaluateCommand.class
    },
    description = "Banks, graphs, masks and scores of Eigenseg, made by Apache Spark.")
public final class Submit {
  private Submit() {}

  /** Runs a command in the session that spark-submit has configured, and ends it. */
  public static void main(String[] arguments) {
    int code = run(arguments);
    if (code != 0) {
      System.exit(code);
    }
  }

  /** Runs a command and gives its exit code. */
  static int run(String... arguments) {
    CommandLine line =
        new CommandLine(new Submit())
            .setExecutionExceptionHandler((failure, command, parsed) -> {
              if (failure instanceof EigensegException) {
                command.getErr().println("eigenseg-spark: " + failure.getMessage());
                return CommandLine.ExitCode.SOFTWARE;
              }
              throw failure;
            });
    return line.execute(arguments);
  }

  /** The session that spark-submit has configured. */
  static SparkSession session(String name) {
    return SparkSession.builder().appName("eigenseg " + name).getOrCreate();
  }
}
