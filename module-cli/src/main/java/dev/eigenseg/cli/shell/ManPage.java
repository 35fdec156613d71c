package dev.eigenseg.cli.shell;

import dev.eigenseg.api.Provenance;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The help of one command as a man page, in the macros of man(7). It carries no date: two builds of
 * one version write the same bytes.
 */
final class ManPage {
  private static final String EXIT_CODES = "Exit codes: ";

  private final CommandSpec command;
  private final StringJoiner lines = new StringJoiner("\n", "", "\n");
  private boolean atSection;

  ManPage(CommandSpec command) {
    this.command = command;
  }

  /** What man calls it: the words of the command with hyphens between them. */
  private static String name(CommandSpec command) {
    return command.qualifiedName("-");
  }

  /** Its file. */
  String file() {
    return name(command) + ".1";
  }

  /** The page. */
  String text() {
    macro("TH", name(command).toUpperCase(Locale.ROOT), "1", "", version(), "Eigenseg");
    macro("SH", "NAME");
    lines.add(escaped(name(command)) + " \\- " + escaped(Commands.summary(command)));
    macro("SH", "SYNOPSIS");
    // Few places to break a line: blanks that fill one would be wide.
    macro("na");
    line(new Help(command, Help.defaultColorScheme(Help.Ansi.OFF)).synopsis(0));
    macro("ad");
    macro("SH", "DESCRIPTION");
    Arrays.stream(command.usageMessage().description()).forEach(this::paragraph);
    subcommands();
    arguments();
    options();
    footer();
    others();
    return lines.toString();
  }

  private static String version() {
    return "eigenseg " + Provenance.version();
  }

  private void subcommands() {
    if (!command.subcommands().isEmpty()) {
      macro("SH", "COMMANDS");
      command
          .subcommands()
          .values()
          .forEach(
              sub -> item(reference(sub.getCommandSpec()), Commands.summary(sub.getCommandSpec())));
    }
  }

  private void arguments() {
    if (!command.positionalParameters().isEmpty()) {
      macro("SH", "ARGUMENTS");
      command
          .positionalParameters()
          .forEach(argument -> item(label(argument), argument.description()));
    }
  }

  private void options() {
    List<OptionSpec> shown = command.options().stream().filter(o -> !o.hidden()).toList();
    if (!shown.isEmpty()) {
      macro("SH", "OPTIONS");
      shown.forEach(option -> item(names(option) + value(option), option.description()));
    }
  }

  private static String names(OptionSpec option) {
    return Arrays.stream(option.names())
        .map(name -> "\\fB" + escaped(name) + "\\fR")
        .collect(Collectors.joining(", "));
  }

  private static String value(OptionSpec option) {
    if (option.arity().max() == 0) {
      return "";
    }
    return option.arity().min() == 0 ? "[=" + label(option) + "]" : "=" + label(option);
  }

  private static String label(ArgSpec argument) {
    return "\\fI" + escaped(argument.paramLabel()) + "\\fR";
  }

  // What is indented was typed.
  private void footer() {
    List<String> footer =
        Arrays.stream(command.usageMessage().footer())
            .filter(text -> !text.isBlank() && !text.startsWith(EXIT_CODES))
            .toList();
    if (footer.isEmpty()) {
      return;
    }
    macro("SH", "EXAMPLES");
    for (String text : footer) {
      if (text.startsWith(" ")) {
        gap();
        macro("nf");
        macro("RS");
        line(text.strip());
        macro("RE");
        macro("fi");
      } else if (!text.matches("Examples?:")) {
        paragraph(text);
      }
    }
  }

  private void others() {
    Arrays.stream(command.root().usageMessage().footer())
        .filter(text -> text.startsWith(EXIT_CODES))
        .forEach(text -> {
          macro("SH", "EXIT STATUS");
          line(text.substring(EXIT_CODES.length()));
        });
    if (command.parent() != null) {
      macro("SH", "SEE ALSO");
      lines.add(reference(command.parent()));
    }
  }

  private static String reference(CommandSpec other) {
    return "\\fB" + escaped(name(other)) + "\\fR(1)";
  }

  private void item(String tag, String... description) {
    macro("TP");
    lines.add(tag);
    for (int i = 0; i < description.length; i++) {
      if (i > 0) {
        macro("br");
      }
      line(description[i]);
    }
  }

  private void paragraph(String text) {
    gap();
    line(text);
  }

  /** Begins a paragraph, which a section does by itself. */
  private void gap() {
    if (!atSection) {
      macro("PP");
    }
  }

  private void macro(String name, String... arguments) {
    atSection = name.equals("SH");
    lines.add(
        Arrays.stream(arguments)
            .map(argument -> " \"" + escaped(argument) + "\"")
            .collect(Collectors.joining("", "." + name, "")));
  }

  // A dot or an apostrophe at its beginning would make a macro of a line.
  private void line(String text) {
    atSection = false;
    String words = escaped(text.strip().replaceAll("\\s+", " "));
    lines.add(words.startsWith(".") || words.startsWith("'") ? "\\&" + words : words);
  }

  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '\\' -> escaped.append("\\(rs");
            case '-' -> escaped.append("\\-");
            case '"' -> escaped.append("\\(dq");
            case '\'' -> escaped.append("\\(aq");
            case '~' -> escaped.append("\\(ti");
            case '^' -> escaped.append("\\(ha");
            case '`' -> escaped.append("\\(ga");
            default -> {
              if (c < 0x80) {
                escaped.append((char) c);
              } else {
                escaped.append("\\[u%04X]".formatted(c));
              }
            }
          }
        });
    return escaped.toString();
  }
}
