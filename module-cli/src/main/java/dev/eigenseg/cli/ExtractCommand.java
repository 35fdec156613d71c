package dev.eigenseg.cli;

import com.google.gson.JsonObject;
import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.train.Augmentation;
import dev.eigenseg.train.Devices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
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
      "  eigenseg extract --views 4 -b torchscript:mobilenetv2-dense.pt --size 480x352 -o street-4.bank photos/",
      "  eigenseg extract --dataset cityscapes-27 --root cityscapes --split train --size 640x320 -o city.bank"
    })
final class ExtractCommand extends WorkCommand {
  /** The backbone that needs no weights. */
  static final String DESCRIPTOR = "descriptor";

  @Option(
      names = {"-b", "--backbone"},
      paramLabel = "SPEC",
      converter = BackboneSpec.class,
      defaultValue = DESCRIPTOR,
      description =
          "descriptor (built in, needs no weights), vit:FILE.safetensors (a Vision Transformer as timm, "
              + "transformers or DINO publish it, see 'eigenseg weights'; vit: may be left out) or torchscript:FILE.pt "
              + "(default: ${DEFAULT-VALUE}; pretrained networks are far better).")
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

  @Option(
      names = "--views",
      paramLabel = "N",
      defaultValue = "1",
      converter = CommonOptions.PositiveInt.class,
      description =
          "Views of each image: itself, and N - 1 augmented ones, for cross-batch training on what augmentation shows in-batch training (default: ${DEFAULT-VALUE}).")
  private int views;

  @Option(names = "--overwrite", description = "Delete a bank that is there already.")
  private boolean overwrite;

  @Mixin private BackboneOptions backboneOptions;
  @Mixin private ErrorOptions errors;

  @ArgGroup(multiplicity = "1")
  private ImageSource source;

  @ArgGroup(exclusive = false, heading = "%nOptions of --views:%n")
  private AugmentOptions augment;

  ExtractCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  JsonObject work(Session session) throws IOException {
    BankViews bankViews = bankViews(session);
    List<Inputs.Input> images = source.images(session, !errors.skip());
    if (backbone.equals(DESCRIPTOR)) {
      session.say(
          "using the built-in descriptor; a pretrained network is far better: -b vit:FILE.safetensors, which 'eigenseg weights' fetches");
    }
    Devices.preferThreads(session.threadsPerImage(images.size()));
    try (Backbone opened =
        session.stage("open", () -> backboneOptions.open(session, backbone, device))) {
      BankSettings settings = settings(opened, bankViews);
      if (overwrite) { // only now that a new bank can be made
        requireReadable(images);
        FeatureBank.delete(output);
      }
      try (FeatureBankWriter writer =
          FeatureBankWriter.open(output, settings, provenance(session, settings))) {
        new Extraction(session, opened, settings.geometry(), bankViews, writer, errors.skip())
            .run(images);
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

  private BankViews bankViews(Session session) {
    if (augment != null && views == 1) {
      throw usage("the --augment- options need --views of at least 2");
    }
    try {
      Augmentation augmentation =
          augment == null ? Augmentation.DEFAULT : augment.change(Augmentation.DEFAULT);
      return new BankViews(views, augmentation, session.seed());
    } catch (BadInputException e) { // begins with the option's name
      throw usage("--" + e.getMessage());
    }
  }

  private BankSettings settings(Backbone opened, BankViews bankViews) {
    return new BankSettings(
        opened.id(),
        opened.sha256(),
        backbone,
        opened.settings(),
        opened.dims(),
        dtype.dtype(),
        new ImageGeometry(size, opened.patchSize()),
        bankViews.settings());
  }

  private Provenance provenance(Session session, BankSettings settings) {
    Map<String, String> made = new TreeMap<>(settings.views());
    made.put("backbone", settings.backboneId());
    made.put("size", size.map(ImageGeometry.Size::toString).orElse("own"));
    made.put("dtype", dtype.name().toLowerCase(Locale.ROOT));
    return Provenance.here(
        "extract", made, Map.of("backbone", settings.backboneSha256()), session.seed(), device);
  }

  private JsonObject summary(Session session) throws IOException {
    try (FeatureBank bank = FeatureBank.open(output)) {
      long plain = bank.images().stream().filter(ImageEntry::plain).count();
      session.say(
          "%s: %d images%s, %d patches, %d + %d + %d channels"
              .formatted(
                  output,
                  plain,
                  views == 1 ? "" : " in " + bank.images().size() + " views",
                  bank.rows(),
                  bank.manifest().dims().low(),
                  bank.manifest().dims().mid(),
                  bank.manifest().dims().high()));
      JsonObject json = new JsonObject();
      json.addProperty("bank", output.toString());
      json.addProperty("backbone", bank.manifest().backboneId());
      json.addProperty("images", plain);
      json.addProperty("views", bank.images().size());
      json.addProperty("patches", bank.rows());
      json.addProperty("dim", bank.manifest().dims().total());
      json.addProperty("dtype", dtype.name().toLowerCase(Locale.ROOT));
      json.add("skipped", session.skippedJson());
      json.add("seconds", session.stages().toJson());
      return json;
    }
  }
}
