package dev.eigenseg.cli;

import dev.eigenseg.cli.session.HelpOption;
import dev.eigenseg.cli.session.Versions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command that holds the others. */
@Command(
    name = "eigenseg",
    description =
        "Unsupervised semantic segmentation with neural eigenfunctions: from a folder of images to named segments.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Versions.class,
    footer = {
      "",
      "Start with:",
      "  eigenseg demo",
      "Then, on images of your own:",
      "  eigenseg extract -o photos.bank photos/",
      "  eigenseg graph photos.bank",
      "  eigenseg train photos.bank -o photos.safetensors --clusters 32",
      "  eigenseg segment -m photos.safetensors -o segments photos/",
      "A pretrained ViT is far better: extract -b vit:FILE.safetensors, see 'eigenseg weights list'.",
      "",
      "Exit codes: 0 done, 1 failed or inputs were skipped, 2 usage, 130 interrupted, 141 nobody read the output."
    })
public final class Eigenseg implements Runnable {
  @Spec private CommandSpec spec;

  @SuppressWarnings("UnusedVariable") // picocli reads it
  @Mixin
  private HelpOption help;

  @SuppressWarnings("UnusedVariable") // picocli reads it
  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version and exit.")
  private boolean version;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "name a command");
  }
}
