package dev.eigenseg.cli.input;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.cli.session.CommonOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How the backbone of a model is found. */
public final class ModelOptions {
  @Option(
      names = {"-b", "--backbone"},
      paramLabel = "SPEC",
      converter = BackboneSpec.class,
      description =
          "The backbone that the model was trained on, such as vit:FILE.safetensors or "
              + "torchscript:FILE.pt (default: the one in the model's file, else looked for "
              + "beside the model, in EIGENSEG_WEIGHTS and in the user's cache).")
  private Optional<String> backbone = Optional.empty();

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "Where a backbone given with -b runs: cpu or cuda:0 (default: cpu).")
  private Optional<String> device = Optional.empty();

  @Option(
      names = "--finer",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      description =
          "Decide on patches N times narrower than the backbone's own, for a model of a backbone "
              + "with several --looks: thin things get patches of their own (default: as in "
              + "training).")
  private Optional<Integer> finer = Optional.empty();

  /** Whether the user gave any of these. */
  public boolean given() {
    return backbone.isPresent() || device.isPresent() || finer.isPresent();
  }

  /** What the user gave that changes results, by option names. */
  public Map<String, String> settings() {
    return finer.map(number -> Map.of("finer", number.toString())).orElse(Map.of());
  }

  /** Opens a model; the caller owns it. */
  public Segmenter open(Path model) throws IOException {
    Backbone opened =
        backbone.isEmpty()
            ? Backbones.of(model)
            : Backbones.of(model, backbone.get(), device.orElse("cpu"));
    return Segmenter.load(model, finer.isEmpty() ? opened : Backbones.finer(opened, finer.get()));
  }
}
