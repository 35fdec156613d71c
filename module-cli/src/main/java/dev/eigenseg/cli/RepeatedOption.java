package dev.eigenseg.cli;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Finds the option that was given twice. Of one in a group picocli says that the group was, with
 * all that may be in it.
 */
final class RepeatedOption {
  private RepeatedOption() {}

  /** The name of the first option of one value that stands among the arguments twice. */
  static Optional<String> in(CommandSpec command, List<String> arguments) {
    Set<OptionSpec> met = new HashSet<>();
    for (String argument : arguments) {
      if (argument.equals("--")) {
        break;
      }
      int equals = argument.indexOf('=');
      String name = equals < 0 ? argument : argument.substring(0, equals);
      OptionSpec option = command.optionsMap().get(name);
      if (option != null && !option.isMultiValue() && !met.add(option)) {
        return Optional.of(name);
      }
    }
    return Optional.empty();
  }
}
