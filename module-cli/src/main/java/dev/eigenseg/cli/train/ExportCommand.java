package dev.eigenseg.cli.train;

import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.cli.input.BackboneSpec;
import dev.eigenseg.cli.session.ByteSize;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.infer.SegmenterFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A model as one file to ship. */
@Command(
    name = "export",
    description = {
      "Writes a model for applications to ship.",
      "With --embed-backbone the Vision Transformer that it was trained on goes into the same "
          + "file; without, one that is embedded is left out."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg export street.safetensors -o app/street.safetensors --embed-backbone",
      "  eigenseg export street.safetensors -o one.safetensors --embed-backbone -b "
          + "vit:weights/vit_small_patch16_384.augreg_in21k_ft_in1k.safetensors"
    })
public final class ExportCommand extends WorkCommand {
  @Parameters(paramLabel = "MODEL", description = "The segmenter file.")
  private Path model;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      required = true,
      description = "The file to write, by custom NAME.safetensors.")
  private Path output;

  @Option(
      names = "--embed-backbone",
      description = "Put the backbone into the file; its class head is left out.")
  private boolean embed;

  @Option(
      names = {"-b", "--backbone"},
      paramLabel = "SPEC",
      converter = BackboneSpec.class,
      description =
          "The backbone to embed, as vit:FILE.safetensors (default: looked for beside the model, "
              + "in EIGENSEG_WEIGHTS, in the user's cache, and among the files that were named with -b before).")
  private Optional<String> backbone = Optional.empty();

  @Option(names = "--overwrite", description = "Replace a file that is there already.")
  private boolean overwrite;

  public ExportCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    if (backbone.isPresent() && !embed) {
      throw usage("--backbone names what --embed-backbone embeds: give both or none");
    }
    Session.checkFile(output);
    if (Files.exists(output) && !overwrite) {
      throw new BadInputException(output + " is there already; --overwrite replaces it");
    }
    session.stage(
        "export",
        () -> {
          write(session);
          return output;
        });
    long bytes = Files.size(output);
    session.say("wrote %s, %s".formatted(output, new ByteSize(bytes)));
    JsonObject json = new JsonObject();
    json.addProperty("model", model.toString());
    json.addProperty("output", output.toString());
    json.addProperty("embedded", embed);
    json.addProperty("bytes", bytes);
    json.add("seconds", session.stages().toJson());
    return json;
  }

  private void write(Session session) throws IOException {
    if (embed) {
      EmbeddedBackbone.write(session, model, backbone, output);
      return;
    }
    try (SegmenterFile file = SegmenterFile.open(model)) {
      SegmenterFile.write(output, file.model());
    }
  }
}
