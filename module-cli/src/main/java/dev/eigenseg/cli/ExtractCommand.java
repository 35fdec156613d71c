package dev.eigenseg.cli;

import com.google.gson.JsonObject;
import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.train.Devices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Images to feature bank. */
@Command(
    name = "extract",
    description = {
      "Stores the patch features of images in a bank.",
      "The same command again continues where it stopped; new images are added."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg extract -b vit:vit_small_patch16_384.augreg_in21k_ft_in1k.safetensors -o street.bank photos/",
      "  eigenseg extract -b vit:dino.safetensors --normalization imagenet --high keys -o street.bank photos/",
      "  eigenseg extract -b torchscript:mobilenetv2-dense.pt --size 480x352 -o street.bank photos/",
      "  eigenseg extract --dataset cityscapes-27 --root cityscapes --split train --size 640x320 -o city.bank"
    })
final class ExtractCommand extends WorkCommand {
  /** The backbone that needs no weights. */
  static final String DESCRIPTOR = "descriptor";

  @Option(
      names = {"-b", "--backbone"},
      paramLabel = "SPEC",
      defaultValue = DESCRIPTOR,
      description =
          "descriptor (built in, needs no weights), vit:FILE.safetensors (a Vision Transformer as timm publishes it, see 'eigenseg weights') or torchscript:FILE.pt (default: ${DEFAULT-VALUE}; pretrained networks are far better).")
  private String backbone;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "BANK",
      required = true,
      description = "The bank: a folder, created if missing.")
  private Path output;

  @Option(
      names = "--size",
      paramLabel = "WxH",
      converter = SizeConverter.class,
      description =
          "Resize every image to this size first (default: each image's own size, padded to whole patches).")
  private Optional<ImageGeometry.Size> size = Optional.empty();

  @Option(
      names = "--dtype",
      paramLabel = "f32|f16",
      defaultValue = "f32",
      description = "How features are stored; f16 halves the bank (default: ${DEFAULT-VALUE}).")
  private Storage dtype;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "cpu",
      description = "Where the backbone runs: cpu or cuda:0 (default: ${DEFAULT-VALUE}).")
  private String device;

  @Option(names = "--overwrite", description = "Delete a bank that is there already.")
  private boolean overwrite;

  @Mixin private BackboneOptions backboneOptions;
  @Mixin private ErrorOptions errors;

  @ArgGroup(multiplicity = "1")
  private ImageSource source;

  ExtractCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  JsonObject work(Session session) throws IOException {
    List<Inputs.Input> images = source.images(session, !errors.skip());
    if (backbone.equals(DESCRIPTOR)) {
      session.say(
          "using the built-in descriptor; a pretrained network is far better: -b vit:FILE.safetensors, which 'eigenseg weights' fetches");
    }
    Devices.preferThreads(session.threadsPerImage(images.size()));
    try (Backbone opened =
        session.stage("open", () -> backboneOptions.open(session, backbone, device))) {
      BankSettings settings = settings(opened);
      if (overwrite) { // only now that a new bank can be made
        requireReadable(images);
        FeatureBank.delete(output);
      }
      try (FeatureBankWriter writer =
          FeatureBankWriter.open(output, settings, provenance(session, settings))) {
        new Extraction(session, opened, settings.geometry(), writer, errors.skip()).run(images);
      }
    }
    return summary(session);
  }

  private void requireReadable(List<Inputs.Input> images) {
    List<Path> unreadable =
        images.stream().map(Inputs.Input::path).filter(path -> !Files.isReadable(path)).toList();
    if (unreadable.size() == images.size() || (!errors.skip() && !unreadable.isEmpty())) {
      throw new BadInputException(
          "cannot read the image " + unreadable.getFirst() + "; " + output + " is left as it was");
    }
  }

  private BankSettings settings(Backbone opened) {
    return new BankSettings(
        opened.id(),
        opened.sha256(),
        backbone,
        opened.settings(),
        opened.dims(),
        dtype.dtype(),
        new ImageGeometry(size, opened.patchSize()));
  }

  private Provenance provenance(Session session, BankSettings settings) {
    return Provenance.here(
        "extract",
        Map.of(
            "backbone", settings.backboneId(),
            "size", size.map(ImageGeometry.Size::toString).orElse("own"),
            "dtype", dtype.name().toLowerCase(Locale.ROOT)),
        Map.of("backbone", settings.backboneSha256()),
        session.seed(),
        device);
  }

  private JsonObject summary(Session session) throws IOException {
    try (FeatureBank bank = FeatureBank.open(output)) {
      session.say(
          "%s: %d images, %d patches, %d + %d + %d channels"
              .formatted(
                  output,
                  bank.images().size(),
                  bank.rows(),
                  bank.manifest().dims().low(),
                  bank.manifest().dims().mid(),
                  bank.manifest().dims().high()));
      JsonObject json = new JsonObject();
      json.addProperty("bank", output.toString());
      json.addProperty("backbone", bank.manifest().backboneId());
      json.addProperty("images", bank.images().size());
      json.addProperty("patches", bank.rows());
      json.addProperty("dim", bank.manifest().dims().total());
      json.addProperty("dtype", dtype.name().toLowerCase(Locale.ROOT));
      json.add("skipped", session.skippedJson());
      json.add("seconds", session.stages().toJson());
      return json;
    }
  }
}
