package dev.eigenseg.cli.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.train.RecordedTraining;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** The arguments of {@code train --like}: those that were given, and those that a model records. */
final class LikeOptions {
  private static final String FLAG = "normalize-rows"; // takes no value
  // They stand for options that are recorded themselves, or for several models.
  private static final Set<String> MEANINGLESS = Set.of("preset", "seeds");

  private LikeOptions() {}

  /**
   * Joins both.
   *
   * @param command the parsed command
   * @throws ParameterException if a given option contradicts the recorded one
   * @throws BadInputException if there is no option for something recorded
   */
  static String[] arguments(CommandLine command, RecordedTraining recorded) {
    Map<String, String> options = recorded.options();
    for (OptionSpec option : command.getParseResult().matchedOptions()) {
      String name = option.longestName().substring(2);
      if (MEANINGLESS.contains(name)) {
        throw new ParameterException(
            command, "--like repeats one training with its own options; leave --" + name + " out");
      }
      String expected = options.remove(name);
      if (expected != null && !same(given(option), expected)) {
        throw new ParameterException(
            command,
            "--%s is %s, but %s was trained with %s; leave it out, or leave --like out"
                .formatted(name, given(option), recorded.model(), expected));
      }
    }
    List<String> original = command.getParseResult().originalArgs();
    List<String> arguments = new ArrayList<>();
    options.forEach((name, value) -> {
      if (!command.getCommandSpec().optionsMap().containsKey("--" + name)) {
        throw new BadInputException(
            "%s was trained with %s %s, for which there is no option here"
                .formatted(recorded.model(), name, value));
      }
      if (!name.equals(FLAG)) {
        arguments.add("--" + name + "=" + value);
      } else if (Boolean.parseBoolean(value)) {
        arguments.add("--" + name);
      }
    });
    arguments.addAll(
        original.subList(original.indexOf(command.getCommandName()) + 1, original.size()));
    return arguments.toArray(String[]::new);
  }

  // Options without a value have no text.
  private static String given(OptionSpec option) {
    String text = String.join(",", option.originalStringValues());
    if (!text.isBlank()) {
      return text;
    }
    Object value = option.getValue();
    return String.valueOf(value instanceof Optional<?> some ? some.orElse(null) : value);
  }

  private static boolean same(String given, String recorded) {
    String[] parts = given.split(",", -1);
    String[] others = recorded.split(",", -1);
    return parts.length == others.length
        && Arrays.equals(parts, others, (one, other) -> samePart(one, other) ? 0 : 1);
  }

  private static boolean samePart(String one, String other) {
    try {
      return Double.parseDouble(one) == Double.parseDouble(other);
    } catch (NumberFormatException e) {
      return one.toLowerCase(Locale.ROOT).equals(other.toLowerCase(Locale.ROOT));
    }
  }
}
