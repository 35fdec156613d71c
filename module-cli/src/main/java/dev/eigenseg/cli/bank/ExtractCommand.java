package dev.eigenseg.cli.bank;

import com.google.gson.JsonObject;
import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.Extractor;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.cli.input.AugmentOptions;
import dev.eigenseg.cli.input.BackboneOptions;
import dev.eigenseg.cli.input.BackboneSpec;
import dev.eigenseg.cli.input.ErrorOptions;
import dev.eigenseg.cli.input.ImageSource;
import dev.eigenseg.cli.input.Inputs;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.KebabEnum;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.SizeConverter;
import dev.eigenseg.cli.session.Storage;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.train.Augmentation;
import dev.eigenseg.train.AugmentedViews;
import dev.eigenseg.train.Devices;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

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
      "  eigenseg extract --trust -b torchscript:mobilenetv2-dense.pt --size 480x352 -o street.bank photos/",
      "  eigenseg extract --trust --views 4 -b torchscript:mobilenetv2-dense.pt --size 480x352 -o street-4.bank photos/",
      "  eigenseg extract --dataset cityscapes-27 --root cityscapes --split train --size 640x320 -o city.bank"
    })
public final class ExtractCommand extends WorkCommand {
  @Option(
      names = {"-b", "--backbone"},
      paramLabel = "SPEC",
      converter = BackboneSpec.class,
      defaultValue = BackboneOptions.DESCRIPTOR,
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
          "Resize every image to this size first (default: each image's own size; see --border).")
  private Optional<ImageGeometry.Size> size = Optional.empty();

  @Option(
      names = "--border",
      paramLabel = "fit|black",
      defaultValue = "fit",
      converter = BorderConverter.class,
      description = {
        "What becomes of sides that are no multiple of the backbone's patch (default: ${DEFAULT-VALUE}):",
        "fit: images are resized to the nearest size of whole patches;",
        "black: filled up with black, as in the published code."
      })
  private ImageGeometry.Border border;

  @Option(
      names = "--bands",
      paramLabel = "R,G,B",
      converter = BandsConverter.class,
      description = {
        "Which bands of an image are red, green and blue, such as 4,3,2 for near infrared, red "
            + "and green (default: the image as viewers show it).",
        "Models of the bank read their images so."
      })
  private Optional<Images.Bands> bands = Optional.empty();

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
          "Views of each image: itself, and N - 1 augmented ones, for cross-batch training on "
              + "what augmentation shows in-batch training (default: ${DEFAULT-VALUE}).")
  private int views;

  @Option(names = "--overwrite", description = "Delete a bank that is there already.")
  private boolean overwrite;

  @Mixin private BackboneOptions backboneOptions;
  @Mixin private ErrorOptions errors;

  @ArgGroup(multiplicity = "1")
  private ImageSource source;

  @ArgGroup(exclusive = false, heading = "%nOptions of --views:%n")
  private AugmentOptions augment;

  public ExtractCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    bankViews(session); // wrong usage is found before any work
    List<Inputs.Input> images = source.images(session, !errors.skip());
    if (backbone.equals(BackboneOptions.DESCRIPTOR)) {
      session.say(
          "using the built-in descriptor; a pretrained network is far better: -b vit:FILE.safetensors, which 'eigenseg weights' fetches");
    }
    Devices.preferThreads(session.threadsPerImage(images.size()));
    try (Backbone opened =
            session.stage("open", () -> backboneOptions.open(session, backbone, device));
        Extractor extractor = Extractor.open(paths(images), opened, output, options(session))) {
      extract(session, extractor);
    }
    return summary(session);
  }

  private static List<Path> paths(List<Inputs.Input> images) {
    return images.stream().map(Inputs.Input::path).toList();
  }

  private ExtractOptions options(Session session) {
    return ExtractOptions.DEFAULT
        .withSize(size)
        .withBorder(border)
        .withBands(bands)
        .withDtype(dtype.dtype())
        .withViews(bankViews(session))
        .withBackbone(backbone, device)
        .withSeed(session.seed())
        .withThreads(session.threads())
        .withSkip(errors.skip())
        .withOverwrite(overwrite);
  }

  private static void extract(Session session, Extractor extractor) throws IOException {
    session.stage(
        "extract",
        () -> {
          extractor.append(new ExtractMessages(session), session.progress());
          return extractor;
        });
    session.stage(
        "finish",
        () -> {
          extractor.finish(session.progress());
          return extractor;
        });
  }

  /** Reads three numbers of bands. */
  static final class BandsConverter implements ITypeConverter<Images.Bands> {
    @Override
    public Images.Bands convert(String value) {
      try {
        return Images.Bands.parse(value);
      } catch (IllegalArgumentException | BadInputException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** Reads what becomes of borders. */
  static final class BorderConverter extends KebabEnum<ImageGeometry.Border> {
    BorderConverter() {
      super(ImageGeometry.Border.class);
    }
  }

  /** Tells the user what becomes of images. */
  private record ExtractMessages(Session session) implements Extractor.Listener {
    @Override
    public void present(int present, int images) {
      session.say("%d of %d images are in the bank already".formatted(present, images));
    }

    @Override
    public void skipped(Path image, BadInputException reason) {
      session.skip(image.toString(), reason);
    }
  }

  private AugmentedViews bankViews(Session session) {
    if (augment != null && views == 1) {
      throw usage("the --augment- options need --views of at least 2");
    }
    try {
      Augmentation augmentation =
          augment == null ? Augmentation.DEFAULT : augment.change(Augmentation.DEFAULT);
      return new AugmentedViews(views, augmentation, session.seed());
    } catch (BadInputException e) { // begins with the option's name
      throw usage("--" + e.getMessage());
    }
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
