package dev.eigenseg.cli.input;

import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.cli.session.Session;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SequencedMap;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model makes a mask of each image. */
public final class MaskOptions {
  @Option(
      names = "--crf",
      paramLabel = "off|on",
      defaultValue = "off",
      description =
          "Refine the borders of segments by a dense CRF on the image's colours (default: ${DEFAULT-VALUE}).")
  private Refinement crf;

  @Mixin private ModelOptions modelOptions;
  @Mixin private ViewOptions views;

  /** Opens a model, with its clusters merged if that is wanted; the caller owns it. */
  public Segmenter open(Session session, Path model) throws IOException {
    Segmenter whole = modelOptions.open(session, model);
    try {
      SegmentOptions options = options();
      ViewOptions.requireSegments(model, whole.info(), options);
      return whole.forOptions(options);
    } catch (RuntimeException | Error e) {
      Closing.after(e, whole);
      throw e;
    }
  }

  /** What changes the masks, by option names. */
  public SequencedMap<String, String> settings(SegmentOptions options) {
    SequencedMap<String, String> settings = ViewOptions.settings(options);
    settings.putAll(modelOptions.settings());
    return settings;
  }

  /** The options of one image; throws as {@link ViewOptions#options}. */
  public SegmentOptions options() {
    return views.options(SegmentOptions.DEFAULT, crf == Refinement.ON);
  }
}
