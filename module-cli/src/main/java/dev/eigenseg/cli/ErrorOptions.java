package dev.eigenseg.cli;

import picocli.CommandLine.Option;

/** What happens to images that cannot be used. */
final class ErrorOptions {
  @Option(
      names = "--on-error",
      paramLabel = "skip|fail",
      defaultValue = "fail",
      description =
          "Leave out images that cannot be used, and list them, or stop at the first (default: ${DEFAULT-VALUE}).")
  private OnError onError;

  boolean skip() {
    return onError == OnError.SKIP;
  }
}
