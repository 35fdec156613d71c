package dev.eigenseg.cli.session;

import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.AtomicFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Where {@code --json} writes: to a file, or to standard output. What follows the bare option is
 * its file only if it ends in {@code .json}, or is a device or a pipe: {@code info --json
 * model.safetensors} must not write over the model.
 *
 * @param file absent for standard output
 */
public record JsonTarget(Optional<Path> file) {
  /** The option. */
  static final String OPTION = "--json";

  /** The value that means standard output. */
  static final String STDOUT = "-";

  private static final String ENDING = ".json";

  // Of a checkpoint's shards: an input.
  private static final String INDEX = ".index.json";

  static JsonTarget of(String value) {
    return new JsonTarget(value.equals(STDOUT) ? Optional.empty() : Optional.of(Path.of(value)));
  }

  /**
   * The target that a command line names, whatever else is wrong with it.
   *
   * @throws java.nio.file.InvalidPathException if it is a name that no file can have
   */
  public static Optional<JsonTarget> in(List<String> arguments) {
    for (int i = 0; i < arguments.size() && !arguments.get(i).equals("--"); i++) {
      String argument = arguments.get(i);
      if (argument.startsWith(OPTION + "=")) {
        return Optional.of(of(argument.substring(OPTION.length() + 1)));
      }
      if (argument.equals(OPTION)) {
        boolean named = i + 1 < arguments.size() && isValue(arguments.get(i + 1));
        return Optional.of(of(named ? arguments.get(i + 1) : STDOUT));
      }
    }
    return Optional.empty();
  }

  private static boolean isValue(String argument) {
    return argument.equals(STDOUT)
        || (!argument.startsWith("-")
            && !argument.endsWith(INDEX)
            && (argument.endsWith(ENDING) || isStream(argument)));
  }

  // A device or a pipe is nobody's input.
  private static boolean isStream(String argument) {
    try {
      return AtomicFile.isStream(Path.of(argument));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** Writes a result or an error. */
  public void write(JsonObject json, PrintStream out) throws IOException {
    String text = Json.text(json);
    if (file.isPresent()) {
      AtomicFile.writeString(file.get(), text);
    } else {
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
  }

  /** Takes the option's value, or leaves what follows it alone. */
  static final class Preprocessor implements IParameterPreprocessor {
    @Override
    @SuppressWarnings("JdkObsolete") // picocli's stack
    public boolean preprocess(
        Stack<String> arguments, CommandSpec command, ArgSpec option, Map<String, Object> info) {
      boolean attached = "=".equals(info.get("separator"));
      boolean named = attached || (!arguments.isEmpty() && isValue(arguments.peek()));
      option.setValue(Optional.of(named ? arguments.pop() : STDOUT));
      return true;
    }
  }
}
