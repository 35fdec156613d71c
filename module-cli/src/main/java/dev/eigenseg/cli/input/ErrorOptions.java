package dev.eigenseg.cli.input;

import picocli.CommandLine.Option;

/** What happens to images that cannot be used. */
public final class ErrorOptions {
  @Option(
      names = "--on-error",
      paramLabel = "skip|fail",
      defaultValue = "fail",
      description =
          "Leave out images that cannot be used, and list them, or stop at the first (default: ${DEFAULT-VALUE}).")
  private OnError onError;

  public boolean skip() {
    return onError == OnError.SKIP;
  }
}
