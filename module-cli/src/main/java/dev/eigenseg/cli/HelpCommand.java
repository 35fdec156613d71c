package dev.eigenseg.cli;

import dev.eigenseg.cli.session.Nearest;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What {@code --help} says, asked for in the other order; also of commands of two words. */
@Command(
    name = "help",
    helpCommand = true,
    description = "Shows the help of a command.",
    footer = {"", "Examples:", "  eigenseg help extract", "  eigenseg help graph merge"})
final class HelpCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "The command's name.")
  private List<String> names = List.of();

  @Override
  public void run() {
    CommandLine command = spec.parent().commandLine();
    for (String name : names) {
      CommandLine next = command.getSubcommands().get(name);
      if (next == null) {
        throw new ParameterException(
            command,
            "there is no command '%s'; known are %s%s"
                .formatted(
                    String.join(" ", names),
                    String.join(", ", command.getSubcommands().keySet()),
                    Nearest.question(Nearest.of(name, command.getSubcommands().keySet()))));
      }
      command = next;
    }
    command.usage(command.getOut());
  }
}
