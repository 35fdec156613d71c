package dev.eigenseg.cli.shell;

import dev.eigenseg.cli.session.HelpOption;
import dev.eigenseg.cli.session.KebabEnum;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A script that lets shells complete commands and options. */
@Command(
    name = "generate-completion",
    description = "Prints a script that completes commands and options in bash, zsh or fish.",
    footer = {
      "",
      "Examples:",
      "  source <(eigenseg generate-completion bash)",
      "  source <(eigenseg generate-completion zsh)",
      "  eigenseg generate-completion fish > ~/.config/fish/completions/eigenseg.fish"
    })
public final class CompletionCommand implements Runnable {
  enum Shell {
    BASH,
    ZSH,
    FISH
  }

  /** Reads the name of a shell. */
  static final class ShellConverter extends KebabEnum<Shell> {
    ShellConverter() {
      super(Shell.class);
    }
  }

  // What picocli writes for bash runs in zsh where its emulation of bash's completion does.
  private static final String ZSH =
      """
      autoload -U +X compinit && compinit
      autoload -U +X bashcompinit && bashcompinit
      """;

  @Spec private CommandSpec spec;

  @SuppressWarnings("UnusedVariable") // picocli reads it
  @Mixin
  private HelpOption help;

  @Parameters(
      arity = "0..1",
      paramLabel = "bash|zsh|fish",
      converter = ShellConverter.class,
      defaultValue = "bash",
      description = "The shell (default: ${DEFAULT-VALUE}).")
  private Shell shell;

  @Override
  public void run() {
    String script =
        switch (shell) {
          case BASH -> bash();
          case ZSH -> ZSH + bash();
          case FISH -> FishCompletion.script(spec.root());
        };
    spec.commandLine().getOut().print(script);
    spec.commandLine().getOut().flush();
  }

  private String bash() {
    return AutoComplete.bash(spec.root().name(), spec.root().commandLine());
  }
}
