package dev.eigenseg.cli.shell;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The commands below one, and itself, in the order in which the help lists them. */
final class Commands {
  private Commands() {}

  static List<CommandSpec> all(CommandSpec root) {
    List<CommandSpec> commands = new ArrayList<>(List.of(root));
    for (CommandLine command : root.subcommands().values()) {
      commands.addAll(all(command.getCommandSpec()));
    }
    return commands;
  }

  /** What it is for, in a sentence. */
  static String summary(CommandSpec command) {
    return firstSentence(command.usageMessage().description());
  }

  /** The first sentence of a description. */
  static String firstSentence(String... description) {
    String first = description.length == 0 ? "" : description[0];
    int end = first.indexOf(". ");
    return end < 0 ? first : first.substring(0, end + 1);
  }
}
