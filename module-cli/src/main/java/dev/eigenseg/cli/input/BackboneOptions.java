package dev.eigenseg.cli.input;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.Session;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * How a checkpoint's weights are read, where neither they nor a config.json beside them say it. A
 * model remembers these, so that they are asked for only where a backbone is opened without one.
 */
public final class BackboneOptions {
  /** The backbone that needs no weights. */
  public static final String DESCRIPTOR = "descriptor";

  @Option(
      names = "--heads",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description =
          "Attention heads of a vit: backbone (default: config.json's, else 64 channels each).")
  private Optional<Integer> heads = Optional.empty();

  @Option(
      names = "--normalization",
      paramLabel = "vit|imagenet|clip",
      converter = Normalization.class,
      description =
          "How a vit: backbone expects its pixels (default: config.json's, else what the tensors suggest).")
  private Optional<String> normalization = Optional.empty();

  @Option(
      names = "--high",
      paramLabel = "tokens|keys",
      converter = High.class,
      description =
          "Which tokens of a vit: backbone are its high features: those after the final norm, or the last block's keys (default: tokens).")
  private Optional<String> high = Optional.empty();

  @Option(
      names = "--positions",
      paramLabel = "bicubic|bicubic-aliased|bicubic-offset|bilinear",
      converter = Positions.class,
      description =
          "How a vit: backbone's position embeddings are fitted to another image size: as timm, as transformers, "
              + "as the repositories of DINO and DINOv2, or as the paper's code (default: as the library whose names "
              + "the tensors have).")
  private Optional<String> positions = Optional.empty();

  @Option(
      names = "--eps",
      paramLabel = "X",
      converter = Eps.class,
      description =
          "The eps of a vit: backbone's layer norms (default: config.json's, else 1e-6; 1e-5 for CLIP and DINOv3).")
  private Optional<String> eps = Optional.empty();

  @Option(
      names = "--activation",
      paramLabel = "gelu|gelu-tanh|quick-gelu|silu",
      converter = Activation.class,
      description =
          "The activation of a vit: backbone (default: config.json's, else gelu, and silu in gated layers).")
  private Optional<String> activation = Optional.empty();

  @Option(
      names = "--grid",
      paramLabel = "ROWSxCOLUMNS",
      description =
          "The patches that a vit: backbone's position embeddings were trained for, where they are no square.")
  private Optional<String> grid = Optional.empty();

  @Option(
      names = "--rope-theta",
      paramLabel = "X",
      description =
          "The base of the periods of a DINOv3's rotary positions (default: the stored periods, config.json's, else 100).")
  private Optional<Float> ropeTheta = Optional.empty();

  @Option(
      names = "--looks",
      paramLabel = "SCALES",
      description =
          "Look at the image at several sizes, such as 1,1.5,2, and average: features that "
              + "depend less on a thing's size (default: one look).")
  private Optional<String> looks = Optional.empty();

  @Option(
      names = "--mirror-looks",
      description = "Average over the mirrored image as well: twice the time (default: off).")
  private boolean mirrorLooks;

  @Option(
      names = "--finer",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description =
          "Patches N times narrower than the backbone's own, from enlarged looks: N * N times as "
              + "many. Models trained on the backbone's own grid can be used on a finer one as "
              + "well, see segment --finer (default: 1).")
  private Optional<Integer> finer = Optional.empty();

  /** What the user gave, by option names. */
  Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    heads.ifPresent(number -> settings.put("heads", number.toString()));
    normalization.ifPresent(text -> settings.put("normalization", text));
    high.ifPresent(text -> settings.put("high", text));
    positions.ifPresent(text -> settings.put("positions", text));
    eps.ifPresent(text -> settings.put("eps", text));
    activation.ifPresent(text -> settings.put("activation", text));
    grid.ifPresent(text -> settings.put("grid", text));
    ropeTheta.ifPresent(number -> settings.put("rope-theta", number.toString()));
    looks.ifPresent(text -> settings.put("looks", text));
    if (mirrorLooks) {
      settings.put("mirror-looks", "true");
    }
    finer.ifPresent(number -> settings.put("finer", number.toString()));
    return settings;
  }

  /** Opens a backbone with these settings, and says once what had to be assumed beside them. */
  public Backbone open(Session session, String spec, String device) throws IOException {
    if (finer.orElse(1) > 1 && looks.isEmpty()) {
      throw new BadInputException(
          "--finer %d takes what is between patches from enlarged looks, and there are none; give --looks 1,%d too"
              .formatted(finer.get(), finer.get()));
    }
    Backbone backbone = Backbones.open(spec, device, settings());
    NamedBackbone.remember(session, spec, backbone.sha256());
    for (String assumption : backbone.assumptions()) {
      session.say("assumed " + assumption);
    }
    return backbone;
  }

  /** Reads one of a few words. */
  abstract static class Word implements ITypeConverter<String> {
    private final String[] words;

    Word(String... words) {
      this.words = words;
    }

    @Override
    public String convert(String value) {
      if (Arrays.asList(words).contains(value)) {
        return value;
      }
      throw new TypeConversionException(
          Arrays.stream(words)
              .collect(Collectors.joining(", ", "expected one of ", " but was '" + value + "'")));
    }
  }

  /** Pixel normalisations. */
  static final class Normalization extends Word {
    Normalization() {
      super("vit", "imagenet", "clip");
    }
  }

  /** Kinds of high features. */
  static final class High extends Word {
    High() {
      super("tokens", "keys");
    }
  }

  /** Resamplings of position embeddings. */
  static final class Positions extends Word {
    Positions() {
      super("bicubic", "bicubic-aliased", "bicubic-offset", "bilinear");
    }
  }

  /** Activations. */
  static final class Activation extends Word {
    Activation() {
      super("gelu", "gelu-tanh", "quick-gelu", "silu");
    }
  }

  /** Reads a small positive number. */
  static final class Eps implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      try {
        float eps = Float.parseFloat(value);
        if (eps > 0 && eps < 1) {
          return value;
        }
      } catch (NumberFormatException e) {
        throw new TypeConversionException("'" + value + "' is not a number");
      }
      throw new TypeConversionException("'" + value + "' is not between 0 and 1");
    }
  }
}
