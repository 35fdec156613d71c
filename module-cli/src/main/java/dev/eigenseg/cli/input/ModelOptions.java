package dev.eigenseg.cli.input;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.Backbones;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.infer.SegmenterFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
              + "beside the model, in EIGENSEG_WEIGHTS, in the user's cache, and among the files "
              + "that were named with -b before).")
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
  public Segmenter open(Session session, Path model) throws IOException {
    Backbone opened = backbone(session, model);
    return Segmenter.load(model, finer.isEmpty() ? opened : Backbones.finer(opened, finer.get()));
  }

  /**
   * Opens models that are compared. With {@code --finer}, those whose backbone looks once stay on
   * its own grid, as long as there is another one.
   *
   * @param opened takes them, one by one, also those before one that cannot be opened; the caller
   *     owns them
   * @return those on their own grid while others are on a finer one
   */
  public List<Path> openAll(Session session, List<Path> models, List<Segmenter> opened)
      throws IOException {
    List<Path> onOwnGrid = finer.isEmpty() ? List.of() : withoutFinerGrid(models);
    boolean mixed = onOwnGrid.size() < models.size();
    for (Path model : models) {
      if (mixed && onOwnGrid.contains(model)) {
        session.say(
            "%s: its backbone looks at an image once and has no finer grid; scored on its own"
                .formatted(model));
        opened.add(Segmenter.load(model, backbone(session, model)));
      } else {
        opened.add(open(session, model));
      }
    }
    return mixed ? onOwnGrid : List.of();
  }

  private static List<Path> withoutFinerGrid(List<Path> models) throws IOException {
    List<Path> without = new ArrayList<>();
    for (Path model : models) {
      try (SegmenterFile file = SegmenterFile.open(model)) {
        if (!Backbones.hasFinerGrid(file.info().backboneSettings())) {
          without.add(model);
        }
      }
    }
    return without;
  }

  private Backbone backbone(Session session, Path model) throws IOException {
    if (backbone.isEmpty()) {
      return Backbones.of(model);
    }
    Backbone opened = Backbones.of(model, backbone.get(), device.orElse("cpu"));
    NamedBackbone.remember(session, backbone.get(), opened.sha256());
    return opened;
  }
}
