package dev.eigenseg.cli;

import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The images that a command works on. */
final class InputOptions {
  @Parameters(
      arity = "1..*",
      paramLabel = "INPUT",
      description = {
        "Images: files, folders (searched recursively), globs in quotes, or @LIST, a file of one path a line."
      })
  private List<String> inputs = List.of();

  @Option(
      names = "--on-error",
      paramLabel = "skip|fail",
      defaultValue = "fail",
      description =
          "Leave out images that cannot be used, and list them, or stop at the first (default: ${DEFAULT-VALUE}).")
  private OnError onError;

  List<String> inputs() {
    return inputs;
  }

  boolean skip() {
    return onError == OnError.SKIP;
  }
}
