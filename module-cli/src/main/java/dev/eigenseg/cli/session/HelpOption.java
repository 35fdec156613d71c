package dev.eigenseg.cli.session;

import picocli.CommandLine.Option;

/** The option that every command has. */
public final class HelpOption {
  @SuppressWarnings("UnusedVariable") // picocli reads it
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help and exit.")
  private boolean help;
}
