package dev.eigenseg.cli.shell;

import dev.eigenseg.cli.session.LabelWords;
import java.util.List;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The completions of all commands as fish reads them; picocli writes them for bash alone. */
final class FishCompletion {
  private static final Pattern FILES =
      Pattern.compile(".*(FILE|DIR|PATH|MODEL|BANK|IMAGE|INPUT|SPEC|PART|ROOT).*");

  private final String program;
  private final StringJoiner lines = new StringJoiner("\n", "", "\n");

  private FishCompletion(String program) {
    this.program = program;
  }

  /** The script. */
  static String script(CommandSpec root) {
    FishCompletion script = new FishCompletion(root.name());
    List<CommandSpec> commands = Commands.all(root);
    script.function(commands);
    commands.forEach(script::command);
    return script.lines.toString();
  }

  /** The words of a command behind the program's name. */
  private String words(CommandSpec command) {
    return command.qualifiedName().substring(program.length()).strip();
  }

  // Not fish's own __fish_seen_subcommand_from, for which the value of an option would do.
  private void function(List<CommandSpec> commands) {
    String known =
        commands.stream()
            .skip(1)
            .map(command -> quoted(words(command)))
            .collect(Collectors.joining(" "));
    lines.add(
        """
        # Made by '%1$s generate-completion fish'.
        function __%1$s_at --description 'Whether these are the commands on the line so far'
            set -l known %2$s
            set -l words (commandline -opc)
            set -e words[1]
            set -l found
            for word in $words
                if contains -- (string join ' ' -- $found $word) $known
                    set -a found $word
                end
            end
            test "$found" = "$argv"
        end
        """
            .formatted(program, known));
  }

  private void command(CommandSpec command) {
    for (CommandLine sub : command.subcommands().values()) {
      add(
          command,
          "-f -a %s -d %s"
              .formatted(sub.getCommandName(), quoted(Commands.summary(sub.getCommandSpec()))));
    }
    for (OptionSpec option : command.options()) {
      if (!option.hidden()) {
        option(command, option);
      }
    }
    for (ArgSpec parameter : command.positionalParameters()) {
      List<String> words = LabelWords.of(parameter);
      if (!words.isEmpty()) {
        add(command, "-f -a " + quoted(String.join(" ", words)));
      }
    }
  }

  private void option(CommandSpec command, OptionSpec option) {
    StringBuilder text = new StringBuilder();
    for (String name : option.names()) {
      text.append(name.startsWith("--") ? "-l " : "-s ")
          .append(name.replaceFirst("^--?", ""))
          .append(' ');
    }
    if (option.arity().max() > 0) {
      text.append(values(option)).append(' ');
    }
    add(command, text + "-d " + quoted(Commands.firstSentence(option.description())));
  }

  // -r: a value has to follow, -x: and it is no file.
  private static String values(OptionSpec option) {
    List<String> words = LabelWords.of(option);
    boolean files = FILES.matcher(option.paramLabel()).matches();
    if (!words.isEmpty()) {
      return "-x -a " + quoted(String.join(" ", words));
    }
    if (option.arity().min() == 0) {
      return "";
    }
    return files ? "-r -F" : "-x";
  }

  private void add(CommandSpec command, String what) {
    String condition = ("__" + program + "_at " + words(command)).strip();
    lines.add("complete -c %s -n %s %s".formatted(program, quoted(condition), what));
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
