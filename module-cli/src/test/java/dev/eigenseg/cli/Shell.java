package dev.eigenseg.cli;

import dev.eigenseg.cli.session.Cancellation;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** Runs commands inside the test's process and keeps what they print. */
final class Shell {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Cancellation cancellation = new Cancellation();

  /** Runs one command, after forgetting the last one's output. */
  int run(String... arguments) {
    out.reset();
    err.reset();
    return Main.run(surroundings(), arguments);
  }

  /** All commands, as they are called. */
  CommandLine commands() {
    return Main.commandLine(surroundings());
  }

  /** A session of one thread, for parts of commands. */
  Session session() {
    return session(1);
  }

  /** Likewise, of more threads. */
  Session session(int threads) {
    CommonOptions options = new CommonOptions();
    new CommandLine(options).parseArgs("--threads", Integer.toString(threads));
    return new Session(surroundings(), options);
  }

  private Surroundings surroundings() {
    return new Surroundings(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        false,
        cancellation);
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  Cancellation cancellation() {
    return cancellation;
  }
}
