package dev.eigenseg.cli.weights;

import dev.eigenseg.cli.session.HelpOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command that holds those about published weights. */
@Command(
    name = "weights",
    description = {
      "Lists, fetches and checks published checkpoints.",
      "They are kept in the folder EIGENSEG_WEIGHTS, else in ~/.cache/eigenseg, where models look for their backbones."
    },
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  eigenseg weights list",
      "  eigenseg weights pull vit_small_patch16_384.augreg_in21k_ft_in1k",
      "  eigenseg weights verify ~/.cache/eigenseg/vit_small_patch16_384.augreg_in21k_ft_in1k.safetensors"
    })
public final class WeightsCommand implements Runnable {
  @Spec private CommandSpec spec;

  @SuppressWarnings("UnusedVariable") // picocli reads it
  @Mixin
  private HelpOption help;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "name a command: list, pull or verify");
  }
}
