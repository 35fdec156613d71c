package dev.eigenseg.cli.input;

import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.cli.session.Session;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** What users should know about the images that they work on, said once each. Thread-safe. */
public final class ViewNotes {
  // 2048 x 2048 pixels in patches of 16: 24 times the time of attention at 480 x 480, for each of
  // 18 times the patches.
  private static final long MANY_PATCHES = 1 << 14;

  private final Session session;
  private final ModelInfo model;
  private final SegmentOptions options;
  private final AtomicBoolean saidTiles = new AtomicBoolean();
  private final AtomicBoolean saidWindows = new AtomicBoolean();

  public ViewNotes(Session session, ModelInfo model, SegmentOptions options) {
    this.session = session;
    this.model = model;
    this.options = options;
  }

  /** Looks at the size of an image that is about to be segmented. */
  public void look(Path image, int width, int height) {
    options.crf().ifPresent(crf -> lookAtTiles(crf, image, width, height));
    if (options.windows().isEmpty() && !model.backboneSpec().equals("descriptor")) {
      lookAtPatches(image, width, height);
    }
  }

  private void lookAtTiles(CrfOptions crf, Path image, int width, int height) {
    CrfOptions.Tiles tiles = crf.tiles(width, height);
    if (tiles.count() > 1 && saidTiles.compareAndSet(false, true)) {
      session.say(
          "%s: the CRF works in %d x %d overlapping tiles, as for all images above %d pixels; --max-crf-pixels changes that"
              .formatted(image, tiles.columns(), tiles.rows(), crf.maxPixels()));
    }
  }

  private void lookAtPatches(Path image, int width, int height) {
    Size size = options.resolution().of(new Size(width, height), model.geometry());
    double scale = options.scales().stream().mapToDouble(s -> s).max().orElse(1);
    ImageGeometry geometry = model.geometry();
    long columns = (long) Math.ceil(size.width() * scale / geometry.patchSize());
    long rows = (long) Math.ceil(size.height() * scale / geometry.patchSize());
    if (columns * rows > MANY_PATCHES && saidWindows.compareAndSet(false, true)) {
      session.warn(
          "%s has %d x %d patches, and a transformer's time grows with the square of their number; --window looks at large images in parts"
              .formatted(image, columns, rows));
    }
  }
}
