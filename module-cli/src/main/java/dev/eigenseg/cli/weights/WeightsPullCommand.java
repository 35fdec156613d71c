package dev.eigenseg.cli.weights;

import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.WeightsFolder;
import dev.eigenseg.cli.input.Catalogue;
import dev.eigenseg.cli.session.Nearest;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A published checkpoint to a local file. */
@Command(
    name = "pull",
    description = {
      "Fetches a checkpoint, and timm's config.json as NAME.json beside it.",
      "The same command again continues where it stopped."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg weights pull vit_small_patch16_384.augreg_in21k_ft_in1k",
      "  eigenseg weights pull vit_small_patch16_224.dino --from https://mirror.example/timm -o weights/",
      "  eigenseg weights pull my_vit --from https://mirror.example/files/my_vit.safetensors"
    })
public final class WeightsPullCommand extends WorkCommand {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Parameters(paramLabel = "NAME", description = "A name of 'eigenseg weights list'.")
  private String name;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR|FILE",
      description =
          "A folder for NAME.safetensors, or a file that ends so (default: EIGENSEG_WEIGHTS if it is a folder, else the user's cache).")
  private Optional<Path> output = Optional.empty();

  @Option(
      names = "--from",
      paramLabel = "URL",
      description =
          "A mirror, to which NAME/resolve/main/model.safetensors is appended, or the whole "
              + "address of a .safetensors file; with it any NAME will do (default: "
              + "https://huggingface.co/timm).")
  private Optional<String> from = Optional.empty();

  @Option(
      names = "--overwrite",
      description = "Fetch again what is there already, from the beginning.")
  private boolean overwrite;

  public WeightsPullCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    Optional<Catalogue.Entry> entry = Catalogue.find(name);
    if (entry.isEmpty() && from.isEmpty()) {
      List<String> meant = Catalogue.meant(name);
      throw usage(
          "there is no '%s' in 'eigenseg weights list'%s"
              .formatted(
                  name,
                  meant.isEmpty()
                      ? "; --from names a server that has it"
                      : Nearest.question(meant)));
    }
    if (name.isBlank() || name.contains("/") || name.contains("\\")) {
      throw usage("'" + name + "' is no name");
    }
    Pull pull =
        new Pull(
            session,
            source(),
            WeightsFolder.file(name, output),
            entry.flatMap(Catalogue.Entry::sha256),
            PATIENCE);
    return session.stage("pull", () -> pull.run(overwrite)).toJson(name);
  }

  private URI source() {
    if (from.isEmpty()) {
      return Catalogue.fileAt(Catalogue.ORIGIN, name);
    }
    URI base = parse(from.get());
    return base.getPath().endsWith(WeightsFolder.SUFFIX) ? base : Catalogue.fileAt(base, name);
  }

  private URI parse(String text) {
    try {
      URI uri = new URI(text);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (http && uri.getHost() != null && uri.getPath() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      throw usage("--from '" + text + "' is no address: " + e.getMessage());
    }
    throw usage("--from '" + text + "' is no http or https address");
  }
}
