package dev.eigenseg.infer.segment;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.SegmentOptions.Windows;
import dev.eigenseg.api.internal.kernel.ImagePixels;
import dev.eigenseg.api.internal.kernel.ImagePixels.Crop;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Owns the logits of all views of one image: each scale, and with flips each of them mirrored too.
 */
final class ImageViews implements AutoCloseable {
  // With refinement, tiles are read twice, and their margins again: what fits here is not computed
  // twice. 8192 x 8192 pixels in windows of 480 take about 21 MB a row of windows with 256
  // clusters.
  private static final long CACHE_BYTES = 256L << 20;

  private final BufferedImage image;
  private final SegmentOptions options;
  private final ImageGeometry geometry;
  private final int clusters;
  private final PatchModel model;
  private final Size size;
  private final Progress.Task task;
  private final Set<Look> looked = ConcurrentHashMap.newKeySet();
  private final List<Runnable> closers = new ArrayList<>();
  private final List<PixelLogits> views = new ArrayList<>();

  /**
   * Prepares all views; windows are computed as they are read, whole views at once.
   *
   * @param image borrowed until this is closed
   * @param options windows, scales and flips; with refinement, logits are expected to be read more
   *     than once
   * @param geometry the model's
   * @param progress counts windows, or whole views
   */
  ImageViews(
      BufferedImage image,
      SegmentOptions options,
      ImageGeometry geometry,
      int clusters,
      PatchModel model,
      Progress progress) {
    this.image = image;
    this.options = options;
    this.clusters = clusters;
    this.model = model;
    this.geometry = geometry;
    size = new Size(image.getWidth(), image.getHeight());
    List<Size> sizes = sizes(size, options, geometry);
    task = progress.start("looks", looks(sizes), options.windows().isEmpty() ? "views" : "windows");
    try {
      for (Size view : sizes) {
        add(view, false);
        if (options.flip()) {
          add(view, true);
        }
      }
    } catch (RuntimeException | Error e) {
      Closing.after(e, this);
      throw e;
    }
  }

  /** A window of a view. */
  private record Look(Size view, boolean mirrored, int top, int left) {}

  private long looks(List<Size> sizes) {
    long all = 0;
    for (Size view : sizes) {
      all +=
          windows(options, geometry)
              .map(w ->
                  (long) WindowAnchors.along(view.width(), w.size(), w.stride()).length
                      * WindowAnchors.along(view.height(), w.size(), w.stride()).length)
              .orElse(1L);
    }
    return options.flip() ? 2 * all : all;
  }

  /** The sizes of an image's views, one for each scale. */
  static List<Size> sizes(Size image, SegmentOptions options, ImageGeometry geometry) {
    Size base = options.resolution().of(image, geometry);
    return options.scales().stream()
        .map(scale -> new Size(scaled(base.width(), scale), scaled(base.height(), scale)))
        .map(view ->
            windows(options, geometry)
                .map(w -> WindowAnchors.enlarged(view, w.size()))
                .orElse(view))
        .toList();
  }

  /** The windows of an image; of whole patches where images are fitted to patches. */
  private static Optional<Windows> windows(SegmentOptions options, ImageGeometry geometry) {
    return options
        .windows()
        .map(asked -> {
          int side = geometry.withoutResize().content(asked.size(), asked.size()).width();
          return new Windows(side, Math.min(side, asked.stride()));
        });
  }

  private static int scaled(int side, double scale) {
    return Math.toIntExact(Math.max(1, Math.round(side * scale)));
  }

  private void add(Size view, boolean mirrored) {
    if (options.windows().isPresent()) {
      addWindowed(view, mirrored, windows(options, geometry).orElseThrow());
      return;
    }
    ImageGeometry resized = geometry.withResize(view);
    Size content = resized.content(size.width(), size.height());
    Crop crop = Crop.whole(content.width(), content.height(), mirrored);
    GridLogits logits =
        GridLogits.of(logits(crop, options.threads()), resized, size, mirrored, options.threads());
    closers.add(logits::close);
    views.add(logits);
    task.advance(1);
  }

  private void addWindowed(Size view, boolean mirrored, Windows windows) {
    long viewCount = (long) options.scales().size() * (options.flip() ? 2 : 1);
    WindowedLogits logits =
        new WindowedLogits(
            view,
            windows,
            clusters,
            (top, left, threads) -> window(view, mirrored, windows.size(), top, left, threads),
            options.crf().isPresent() ? CACHE_BYTES / viewCount : 0,
            options.threads());
    closers.add(logits::close);
    views.add(
        view.equals(size) && !mirrored
            ? logits
            : new ResizedLogits(logits, size, mirrored, options.threads()));
  }

  private GridLogits window(Size view, boolean mirrored, int side, int top, int left, int threads) {
    Crop crop = new Crop(view.width(), view.height(), mirrored, left, top, side, side);
    ImageGeometry own = geometry.withoutResize();
    GridLogits logits = GridLogits.of(logits(crop, threads), own, new Size(side, side), false, 1);
    // With refinement some windows are looked at again, which is no progress.
    if (looked.add(new Look(view, mirrored, top, left))) {
      task.advance(1);
    }
    return logits;
  }

  private Tensor logits(Crop crop, int threads) {
    int patchSize = geometry.patchSize();
    int columns = Math.ceilDiv(crop.columns(), patchSize);
    int rows = Math.ceilDiv(crop.rows(), patchSize);
    try (Tensor pixels = ImagePixels.planes(image, crop, columns * patchSize, rows * patchSize)) {
      return model.logits(pixels, threads);
    }
  }

  /** Every view's logits at the image's own size. */
  List<PixelLogits> logits() {
    return List.copyOf(views);
  }

  @Override
  public void close() {
    Closing.all(closers, Runnable::run);
    closers.clear();
    task.close();
  }
}
