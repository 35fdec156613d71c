package dev.eigenseg.spark.submit;

import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.ImageGeometry;
import java.io.PrintStream;
import java.io.PrintWriter;
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
    int code = run(writer(System.out), writer(System.err), arguments);
    if (code != 0) {
      System.exit(code);
    }
  }

  // In the charset of the terminal, which need not be that of files.
  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, stream.charset());
  }

  /** Runs a command and gives its exit code. */
  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    CommandLine line =
        new CommandLine(new Submit())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .registerConverter(ImageGeometry.Size.class, Submit::size)
            .setExecutionExceptionHandler((failure, command, parsed) -> {
              if (failure instanceof EigensegException) {
                command.getErr().println("eigenseg-spark: " + failure.getMessage());
                return CommandLine.ExitCode.SOFTWARE;
              }
              throw failure;
            });
    return line.setOut(out).setErr(err).execute(arguments);
  }

  private static ImageGeometry.Size size(String text) {
    try {
      return ImageGeometry.Size.parse(text);
    } catch (IllegalArgumentException e) {
      throw new CommandLine.TypeConversionException(e.getMessage());
    }
  }

  /** How many tasks there are: as many as the user wants, or else four for each processor. */
  static int tasks(SparkSession spark, int wanted) {
    return wanted > 0 ? wanted : 4 * spark.sparkContext().defaultParallelism();
  }

  /** How many executors there are, or shall be; one where the driver works itself. */
  static int executors(SparkSession spark) {
    int there = spark.sparkContext().statusTracker().getExecutorInfos().length - 1; // the driver
    int wanted = spark.sparkContext().conf().getInt("spark.executor.instances", 1);
    return Math.max(1, Math.max(there, wanted));
  }

  /** The session that spark-submit has configured. */
  static SparkSession session(String name) {
    return SparkSession.builder().appName("eigenseg " + name).getOrCreate();
  }
}
