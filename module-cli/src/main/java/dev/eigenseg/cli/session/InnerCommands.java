package dev.eigenseg.cli.session;

import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.EigensegException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs other commands within this process, as the user would, with the same seed and threads. Each
 * is shown as the command that it is.
 */
public final class InnerCommands {
  private final CommandRunner runner;
  private final Surroundings surroundings;
  private final Session session;
  private final String outer;

  /**
   * The commands of a session.
   *
   * @param outer the name of the command that runs them, for messages
   */
  public InnerCommands(
      CommandRunner runner, Surroundings surroundings, Session session, String outer) {
    this.runner = runner;
    this.surroundings = surroundings;
    this.session = session;
    this.outer = outer;
  }

  /** Runs a command; what it prints is printed. */
  public void run(String command, List<String> arguments) throws IOException {
    run(session.messages(), command, arguments);
  }

  /** Runs a command whose messages nobody needs; its progress and errors are shown all the same. */
  public void runSilently(String command, List<String> arguments) throws IOException {
    run(
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
        command,
        arguments);
  }

  private void run(PrintStream out, String command, List<String> arguments) throws IOException {
    session.say("\n$ eigenseg " + command + " " + String.join(" ", arguments));
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(
        List.of(
            "--seed",
            Long.toString(session.seed()),
            "--threads",
            Integer.toString(session.threads())));
    if (session.options().quiet()) {
      all.add("--quiet");
    }
    if (session.options().trust()) {
      all.add("--trust");
    }
    all.addAll(arguments);
    Surroundings inner =
        new Surroundings(
            out, surroundings.err(), surroundings.terminal(), surroundings.cancellation());
    int code = session.stage(command, () -> runner.run(inner, all.toArray(String[]::new)));
    if (code == Interrupts.EXIT_INTERRUPTED) {
      throw new CancelledException("'" + outer + "' was stopped");
    }
    if (code != 0) {
      throw new EigensegException("'%s' ends here, since '%s' failed".formatted(outer, command));
    }
  }
}
