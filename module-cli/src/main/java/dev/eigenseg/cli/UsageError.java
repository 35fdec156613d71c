package dev.eigenseg.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.cli.session.LabelWords;
import dev.eigenseg.cli.session.Nearest;
import java.io.PrintWriter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * A wrong use, explained: what is wrong, what may have been meant, and the help of the options that
 * it is about. Never the whole help, in which the message would scroll away.
 */
final class UsageError {
  private static final int OPTIONS_SHOWN = 2;
  private static final Pattern OPTION =
      Pattern.compile("(?<![\\w-])(--[a-z][a-z0-9-]*|-[a-zA-Z])(?![\\w-])");

  private final CommandLine command;
  private final String message;
  private final List<String> meant;
  private final Set<OptionSpec> concerned;

  private UsageError(
      CommandLine command, String message, List<String> meant, Set<OptionSpec> concerned) {
    this.command = command;
    this.message = message;
    this.meant = meant;
    this.concerned = concerned;
  }

  /** Explains a failure of one command. */
  static UsageError of(ParameterException failure, List<String> arguments) {
    CommandLine command = failure.getCommandLine();
    CommandSpec spec = command.getCommandSpec();
    Optional<String> repeated = RepeatedOption.in(spec, arguments);
    if (repeated.isPresent()) {
      return explained(
          command, "option '" + repeated.get() + "' is given twice; give it once", List.of());
    }
    if (failure instanceof UnmatchedArgumentException unmatched) {
      return unmatched(command, unmatched);
    }
    ArgSpec argument = failure.getArgSpec();
    if (argument != null && failure.getValue() != null) {
      return wrongValue(command, argument, failure);
    }
    UsageError error = explained(command, failure.getMessage(), List.of());
    if (failure instanceof MissingParameterException missing) {
      missing.getMissing().forEach(error::concern);
    }
    return error;
  }

  private static UsageError unmatched(CommandLine command, UnmatchedArgumentException failure) {
    CommandSpec spec = command.getCommandSpec();
    String first = failure.getUnmatched().getFirst();
    if (failure.isUnknownOption()) {
      String name = first.contains("=") ? first.substring(0, first.indexOf('=')) : first;
      List<String> meant = Nearest.of(name, longNames(spec));
      UsageError error = explained(command, "there is no option '%s'".formatted(name), meant);
      meant.stream().limit(1).map(spec.optionsMap()::get).forEach(error::concern);
      return error;
    }
    if (spec.positionalParameters().isEmpty() && !spec.subcommands().isEmpty()) {
      List<String> meant = Nearest.of(first, spec.subcommands().keySet());
      return explained(command, "there is no command '%s'".formatted(first), meant);
    }
    return explained(command, failure.getMessage(), List.of());
  }

  private static List<String> longNames(CommandSpec spec) {
    return spec.options().stream().map(OptionSpec::longestName).toList();
  }

  private static UsageError wrongValue(
      CommandLine command, ArgSpec argument, ParameterException failure) {
    List<String> words = LabelWords.of(argument);
    String value = failure.getValue();
    String text = failure.getMessage();
    if (LabelWords.areAll(argument) && !words.contains(value.toLowerCase(Locale.ROOT))) {
      String subject =
          argument instanceof OptionSpec option
              ? "option '" + option.longestName() + "'"
              : argument.paramLabel();
      text = "%s is '%s', expected %s".formatted(subject, value, String.join(", ", words));
    }
    UsageError error = explained(command, text, Nearest.of(value, words));
    error.concerned.clear();
    error.concern(argument);
    return error;
  }

  private static UsageError explained(CommandLine command, String message, List<String> meant) {
    UsageError error =
        new UsageError(command, message + Nearest.question(meant), meant, new LinkedHashSet<>());
    Matcher matcher = OPTION.matcher(message);
    while (matcher.find()) {
      error.concern(command.getCommandSpec().optionsMap().get(matcher.group()));
    }
    return error;
  }

  private void concern(ArgSpec argument) {
    if (argument instanceof OptionSpec option) {
      concerned.add(option);
    }
  }

  /** Prints it, with the help of the first options that it is about. */
  void print(PrintWriter err) {
    err.println("eigenseg: " + message);
    String name = command.getCommandSpec().qualifiedName();
    if (concerned.isEmpty()) {
      err.println(command.getUsageMessage(Help.Ansi.OFF).lines().findFirst().orElse(name));
    } else {
      err.print(help());
    }
    err.println("'" + name + " --help' explains.");
  }

  private String help() {
    Help help = new Help(command.getCommandSpec(), Help.defaultColorScheme(Help.Ansi.OFF));
    Help.Layout layout = help.createDefaultLayout();
    concerned.stream()
        .limit(OPTIONS_SHOWN)
        .forEach(option -> layout.addOption(option, help.parameterLabelRenderer()));
    return layout.toString();
  }

  /** What {@code --json} says of it. */
  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("kind", "usage");
    json.addProperty("exit-code", CommandLine.ExitCode.USAGE);
    json.addProperty("command", command.getCommandSpec().qualifiedName());
    json.addProperty("message", message);
    if (!concerned.isEmpty()) {
      json.add("options", array(concerned.stream().map(OptionSpec::longestName).toList()));
    }
    if (!meant.isEmpty()) {
      json.add("did-you-mean", array(meant));
    }
    return json;
  }

  private static JsonArray array(List<String> texts) {
    JsonArray json = new JsonArray();
    texts.forEach(json::add);
    return json;
  }
}
