package dev.eigenseg.cli.info;

import com.google.gson.JsonObject;
import dev.eigenseg.cli.session.Outline;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is here, or what is in a file. */
@Command(
    name = "info",
    description = {
      "Says what is on this machine, or in a file.",
      "Without a file: JDK, SIMD, engines and why others were refused, libtorch, devices, "
          + "versions. With one: what is in that bank, graph, segmenter or checkpoint."
    },
    footer = {"", "Examples:", "  eigenseg info", "  eigenseg info street.safetensors"})
public final class InfoCommand extends WorkCommand {
  @Parameters(
      arity = "0..1",
      paramLabel = "FILE",
      description = "A bank's folder, or a file that eigenseg wrote.")
  private Optional<Path> file = Optional.empty();

  @Option(
      names = "--verify",
      description = "Read all of a bank or graph and compare the checksums.")
  private boolean verify;

  public InfoCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    JsonObject info =
        file.isPresent() ? FileInfo.describe(session, file.get(), verify) : MachineInfo.describe();
    session.result(Outline.text(info));
    return info;
  }
}
