package dev.eigenseg.cli.shell;

import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.cli.session.HelpOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The help of all commands as man pages. */
@Command(
    name = "generate-manual",
    description = "Writes a man page for every command.",
    footer = {
      "",
      "Example:",
      "  eigenseg generate-manual -o ~/.local/share/man/man1",
      "Then: man eigenseg-segment"
    })
public final class ManualCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @SuppressWarnings("UnusedVariable") // picocli reads it
  @Mixin
  private HelpOption help;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      required = true,
      description =
          "The folder for the pages, created if missing; man looks for them in folders called man1.")
  private Path output;

  @Override
  public Integer call() throws IOException {
    Files.createDirectories(output);
    List<CommandSpec> commands = Commands.all(spec.root());
    for (CommandSpec command : commands) {
      ManPage page = new ManPage(command);
      AtomicFile.writeString(output.resolve(page.file()), page.text());
    }
    spec.commandLine().getOut().printf("%s: %d pages%n", output, commands.size());
    return 0;
  }
}
