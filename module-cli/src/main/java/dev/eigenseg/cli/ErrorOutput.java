package dev.eigenseg.cli;

import com.google.gson.JsonObject;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.cli.session.Failures;
import dev.eigenseg.cli.session.JsonTarget;
import dev.eigenseg.cli.session.Surroundings;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * Where the failure of one run goes: to standard error for people, and for programs to where {@code
 * --json} would have put the result.
 */
final class ErrorOutput {
  private final Surroundings surroundings;
  private final List<String> arguments;

  /**
   * Of one run.
   *
   * @param arguments as they were given: what is wrong with them may keep them from being read
   */
  ErrorOutput(Surroundings surroundings, List<String> arguments) {
    this.surroundings = surroundings;
    this.arguments = arguments;
  }

  /** Says what is wrong with the use of a command. */
  int usage(ParameterException failure) {
    UsageError error = UsageError.of(failure, arguments);
    error.print(failure.getCommandLine().getErr());
    write(error.toJson());
    return CommandLine.ExitCode.USAGE;
  }

  /** Says what ended a command. */
  int failed(Throwable failure, CommandLine command) {
    int code = Failures.report(failure, surroundings.err());
    JsonObject error = new JsonObject();
    error.addProperty("kind", Failures.kind(failure));
    error.addProperty("exit-code", code);
    error.addProperty("command", command.getCommandSpec().qualifiedName());
    error.addProperty("message", Failures.message(failure));
    write(error);
    return code;
  }

  private void write(JsonObject error) {
    JsonObject json = new JsonObject();
    json.add("error", error);
    try {
      Optional<JsonTarget> target = JsonTarget.in(arguments);
      if (target.isPresent()) {
        target.get().write(json, surroundings.out());
      }
    } catch (IOException | InvalidPathException | EigensegException e) {
      surroundings.err().println("eigenseg: no JSON either: " + Failures.message(e));
    }
  }
}
