package dev.eigenseg.cli;

import dev.eigenseg.cli.bank.ExtractCommand;
import dev.eigenseg.cli.bank.GraphCommand;
import dev.eigenseg.cli.bank.GraphMergeCommand;
import dev.eigenseg.cli.demo.DemoCommand;
import dev.eigenseg.cli.evaluate.EvaluateCommand;
import dev.eigenseg.cli.evaluate.MatchCommand;
import dev.eigenseg.cli.evaluate.ReportCommand;
import dev.eigenseg.cli.info.InfoCommand;
import dev.eigenseg.cli.segment.SegmentCommand;
import dev.eigenseg.cli.session.Cancellation;
import dev.eigenseg.cli.session.Failures;
import dev.eigenseg.cli.session.Interrupts;
import dev.eigenseg.cli.session.StandardOutput;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.cli.shell.CompletionCommand;
import dev.eigenseg.cli.shell.ManualCommand;
import dev.eigenseg.cli.spectral.SpectralCommand;
import dev.eigenseg.cli.study.ReproduceCommand;
import dev.eigenseg.cli.train.ExportCommand;
import dev.eigenseg.cli.train.MergeClustersCommand;
import dev.eigenseg.cli.train.TrainCommand;
import dev.eigenseg.cli.weights.WeightsCommand;
import dev.eigenseg.cli.weights.WeightsListCommand;
import dev.eigenseg.cli.weights.WeightsPullCommand;
import dev.eigenseg.cli.weights.WeightsVerifyCommand;
import java.io.Console;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The entry point of the {@code eigenseg} command. */
public final class Main {
  // DJL looks for a GPU even when none was asked for, and warns of a toolkit without a driver. Who
  // asks for one gets an error from Devices. Held here because the logging keeps weak references.
  private static final Logger CUDA_DETECTION = Logger.getLogger("ai.djl.util.cuda.CudaUtils");

  private Main() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    Cancellation cancellation = new Cancellation();
    int code = Failures.EXIT_FAILED;
    // The shutdown hook waits for the command to end, so that nothing may leave here without saying
    // that it has.
    try {
      // One style of numbers, wherever the command is run; files would not care.
      Locale.setDefault(Locale.ROOT);
      quietLibraries();
      Interrupts.install(cancellation, System.err);
      StandardOutput out = StandardOutput.ofProcess();
      PrintStream printer = out.printer(System.out.charset());
      code = run(new Surroundings(printer, System.err, isTerminal(), cancellation), arguments);
      code = out.judge(code, System.err);
    } finally {
      cancellation.commandEnded();
    }
    System.exit(code);
  }

  // JDK 22 to 24 always gave a console; JDK 25 gives none where there is no terminal.
  @SuppressWarnings("SystemConsoleNull")
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  /** Runs one command in this process, as {@code demo}, {@code reproduce} and tests do. */
  public static int run(Surroundings surroundings, String... arguments) {
    ErrorOutput errors = new ErrorOutput(surroundings, List.of(arguments));
    CommandLine commandLine = commandLine(surroundings, arguments);
    commandLine.setParameterExceptionHandler((failure, all) -> errors.usage(failure));
    commandLine.setExecutionExceptionHandler(
        (failure, command, result) -> errors.failed(failure, command));
    try {
      return commandLine.execute(arguments);
    } catch (OutOfMemoryError | LinkageError e) { // picocli passes errors on
      return errors.failed(e, last(commandLine.getParseResult()));
    }
  }

  private static CommandLine last(CommandLine.ParseResult result) {
    return result.asCommandLineList().getLast();
  }

  /** All commands. */
  static CommandLine commandLine(Surroundings surroundings) {
    CommandLine commandLine = withCommands(surroundings, commands(surroundings));
    commandLine.addSubcommand(weights(surroundings));
    commandLine.addSubcommand(new HelpCommand());
    commandLine.addSubcommand(new CompletionCommand());
    commandLine.addSubcommand(new ManualCommand());
    return configured(commandLine, surroundings);
  }

  /** With the command that is named alone, if it is one that works: reading options takes time. */
  private static CommandLine commandLine(Surroundings surroundings, String[] arguments) {
    return commands(surroundings).stream()
        .filter(command -> arguments.length > 0 && name(command).equals(arguments[0]))
        .findFirst()
        .map(command -> withCommands(surroundings, List.of(command)))
        .map(commandLine -> configured(commandLine, surroundings))
        .orElseGet(() -> commandLine(surroundings));
  }

  private static String name(WorkCommand command) {
    return command.getClass().getAnnotation(Command.class).name();
  }

  private static CommandLine withCommands(Surroundings surroundings, List<WorkCommand> commands) {
    CommandLine commandLine = new CommandLine(new Eigenseg());
    for (WorkCommand command : commands) {
      CommandLine added = new CommandLine(command);
      if (command instanceof GraphCommand) {
        added.addSubcommand(new GraphMergeCommand(surroundings));
      }
      commandLine.addSubcommand(added);
    }
    return commandLine;
  }

  /** Settings hold for the commands that are there. */
  private static CommandLine configured(CommandLine commandLine, Surroundings surroundings) {
    commandLine.setOut(writer(surroundings.out()));
    commandLine.setErr(writer(surroundings.err()));
    commandLine.registerConverter(Path.class, Main::path);
    commandLine.setExpandAtFiles(false); // @list means a list of images here
    commandLine.setUsageHelpAutoWidth(true);
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    return commandLine;
  }

  private static CommandLine weights(Surroundings surroundings) {
    return new CommandLine(new WeightsCommand())
        .addSubcommand(new WeightsListCommand(surroundings))
        .addSubcommand(new WeightsPullCommand(surroundings))
        .addSubcommand(new WeightsVerifyCommand(surroundings));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, stream.charset()), true);
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new CommandLine.TypeConversionException(Failures.message(e));
    }
  }

  private static List<WorkCommand> commands(Surroundings surroundings) {
    return List.of(
        new DemoCommand(surroundings, Main::run),
        new ExtractCommand(surroundings),
        new GraphCommand(surroundings),
        new SpectralCommand(surroundings),
        new TrainCommand(surroundings),
        new MatchCommand(surroundings),
        new SegmentCommand(surroundings),
        new EvaluateCommand(surroundings),
        new ReportCommand(surroundings),
        new ReproduceCommand(surroundings, Main::run),
        new ExportCommand(surroundings),
        new MergeClustersCommand(surroundings),
        new InfoCommand(surroundings));
  }

  // Libraries report through System.Logger and slf4j, both of which end in java.util.logging; below
  // a warning that is of no interest to somebody who runs a command.
  private static void quietLibraries() {
    if (System.getProperty("java.util.logging.config.file") != null) {
      return;
    }
    if (System.getProperty("java.util.logging.SimpleFormatter.format") == null) {
      System.setProperty("java.util.logging.SimpleFormatter.format", "%4$s: %5$s%6$s%n");
    }
    boolean debug = System.getenv(Failures.DEBUG) != null;
    Logger.getLogger("").setLevel(debug ? Level.INFO : Level.WARNING);
    CUDA_DETECTION.setLevel(debug ? Level.INFO : Level.SEVERE);
  }
}
