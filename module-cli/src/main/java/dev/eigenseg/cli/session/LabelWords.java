package dev.eigenseg.cli.session;

import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Model.ArgSpec;

/**
 * The words that an option takes, as its label in the help lists them: {@code off|on|both}. What
 * stands in capitals, as in {@code N|auto}, is no word but a value of the user's.
 */
public final class LabelWords {
  private LabelWords() {}

  /** The words in their order; none if the label lists none. */
  public static List<String> of(ArgSpec argument) {
    List<String> parts = parts(argument);
    return parts.size() < 2 ? List.of() : parts.stream().filter(LabelWords::isWord).toList();
  }

  /** Whether no other values are taken. */
  public static boolean areAll(ArgSpec argument) {
    List<String> parts = parts(argument);
    return parts.size() > 1 && parts.stream().allMatch(LabelWords::isWord);
  }

  private static List<String> parts(ArgSpec argument) {
    return Arrays.asList(argument.paramLabel().split("\\|"));
  }

  private static boolean isWord(String part) {
    return part.matches("[a-z][a-z0-9-]*");
  }
}
