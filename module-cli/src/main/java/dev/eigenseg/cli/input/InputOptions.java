package dev.eigenseg.cli.input;

import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The images that a command works on. */
public final class InputOptions {
  /** What an INPUT is. */
  static final String DESCRIPTION =
      "Images: files, folders (searched recursively), globs in quotes, or @LIST, a file of one path a line.";

  @Parameters(arity = "1..*", paramLabel = "INPUT", description = DESCRIPTION)
  private List<String> inputs = List.of();

  @Mixin private ErrorOptions errors;

  public List<String> inputs() {
    return inputs;
  }

  public boolean skip() {
    return errors.skip();
  }
}
