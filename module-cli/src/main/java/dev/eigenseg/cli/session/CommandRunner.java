package dev.eigenseg.cli.session;

/** Runs a command within this process, as if the user had typed it. */
@FunctionalInterface
public interface CommandRunner {
  /**
   * Runs it.
   *
   * @param surroundings where its messages go
   * @param arguments its name and options
   * @return its exit code
   */
  int run(Surroundings surroundings, String... arguments);
}
