package dev.eigenseg.infer.segment;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Cancellation;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.Dendrogram;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.PatchLogits;
import dev.eigenseg.api.PixelRows;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.RegionOptions;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.SegmentOptions.Segments;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.kernel.ImagePixels;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.internal.resource.InUse;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.SegmenterModel;
import java.awt.image.BufferedImage;
import java.lang.ScopedValue.CallableOp;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Owns a model's packed weights and its backbone. The file is not needed any more once this exists.
 * Thread-safe; a call works in its caller's thread and as many others as its options say.
 */
final class LoadedSegmenter implements Segmenter {
  private final ModelInfo model;
  private final Optional<Segments> segments;
  private final ModelInfo info; // of what the segments are
  private final Optional<MergedClusters> merged;
  private final float logitDivisor;
  private final Backbone backbone;
  private final ClusterOutputs outputs;
  private final InUse inUse;

  /**
   * Packs a model; {@code backbone} is owned by the segmenter once this returns. Its grid counts,
   * not that of training.
   */
  LoadedSegmenter(SegmenterModel model, Backbone backbone) {
    this.model = model.info().on(backbone);
    segments = Optional.empty();
    info = this.model;
    merged = Optional.empty();
    inUse = new InUse("this segmenter");
    logitDivisor = model.logitDivisor();
    this.backbone = backbone;
    outputs = new ClusterOutputs(model);
  }

  private LoadedSegmenter(LoadedSegmenter other, Segments segments) {
    model = other.model;
    this.segments = Optional.of(segments);
    Dendrogram dendrogram = model.requireDendrogram();
    int number =
        switch (segments) {
          case Segments.Count(int count) -> count;
          case Segments.Auto auto -> dendrogram.natural();
        };
    info = model.merged(number);
    merged = Optional.of(new MergedClusters(dendrogram.cut(number), number));
    logitDivisor = other.logitDivisor;
    backbone = other.backbone;
    outputs = other.outputs;
    inUse = other.inUse;
  }

  @Override
  public Segmenter withSegments(Segments wanted) {
    return merging(Optional.of(wanted));
  }

  /** With these segments; without any, as it is. */
  private LoadedSegmenter merging(Optional<Segments> wanted) {
    return wanted.isEmpty() || wanted.equals(segments)
        ? this
        : new LoadedSegmenter(this, wanted.get());
  }

  @Override
  public ModelInfo info() {
    return info;
  }

  @Override
  public Backbone backbone() {
    return backbone;
  }

  @Override
  public Segmentation segment(
      BufferedImage image,
      SegmentOptions options,
      Backbone features,
      Progress progress,
      Cancellation cancellation) {
    return call(progress, cancellation, () -> run(image, options, features, progress));
  }

  // These two count as calls while the image is decoded, so that closing ends that too.

  @Override
  public Segmentation segment(Path image, SegmentOptions options, Cancellation cancellation) {
    return call(
        Progress.NONE,
        cancellation,
        () -> run(info.geometry().read(image), options, backbone, Progress.NONE));
  }

  @Override
  public Segmentation segment(
      MemorySegment image, SegmentOptions options, Cancellation cancellation) {
    return call(
        Progress.NONE,
        cancellation,
        () -> run(info.geometry().read(image), options, backbone, Progress.NONE));
  }

  /** A call of the user's: keeps the weights where they are, and ends for all that may end it. */
  private <T> T call(
      Progress progress, Cancellation cancellation, CallableOp<T, RuntimeException> work) {
    inUse.enter();
    try {
      return CallScope.call(
          List.of(inUse::checkOpen, cancellation::check, progress::checkCancelled), work);
    } finally {
      inUse.leave();
    }
  }

  private <T> T call(CallableOp<T, RuntimeException> work) {
    return call(Progress.NONE, Cancellation.NONE, work);
  }

  private Segmentation run(
      BufferedImage given, SegmentOptions options, Backbone features, Progress progress) {
    checkFits(features);
    LoadedSegmenter merging = merging(options.segments());
    if (merging != this) {
      return merging.run(given, options, features, progress);
    }
    BufferedImage image = ImagePixels.rgb(given); // once, not for each view and window
    Size size = new Size(image.getWidth(), image.getHeight());
    List<Size> views = ImageViews.sizes(size, options, info.geometry());
    if (views.size() == 1
        && !options.flip()
        && options.windows().isEmpty()
        && options.crf().isEmpty()) {
      try (Progress.Task task = progress.start("looks", 1, "views")) {
        Segmentation segments = once(image, views.getFirst(), features, options);
        task.advance(1);
        return segments;
      }
    }
    try (ImageViews logits = views(image, options, features, progress)) {
      return merge(logits.logits(), image, options, progress);
    }
  }

  private ImageViews views(
      BufferedImage image, SegmentOptions options, Backbone features, Progress progress) {
    return new ImageViews(
        image,
        options,
        info.geometry(),
        info.clusters(),
        (pixels, threads) -> logits(pixels, features, options.regions(), threads),
        progress);
  }

  @Override
  public void pixelLogits(
      BufferedImage image, SegmentOptions options, Cancellation cancellation, PixelRows target) {
    pixels(
        image,
        options,
        cancellation,
        views ->
            views.size() == 1
                ? views.getFirst()
                : new MeanProbabilities(views, logitDivisor, options.threads()).logarithms(),
        target);
  }

  @Override
  public void pixelProbabilities(
      BufferedImage image, SegmentOptions options, Cancellation cancellation, PixelRows target) {
    pixels(
        image,
        options,
        cancellation,
        views -> new MeanProbabilities(views, logitDivisor, options.threads()),
        target);
  }

  private void pixels(
      BufferedImage given,
      SegmentOptions options,
      Cancellation cancellation,
      Function<List<PixelLogits>, PixelLogits> merge,
      PixelRows target) {
    if (options.crf().isPresent()) {
      throw new IllegalArgumentException(
          "a CRF decides for clusters and gives no values of pixels; take options.withoutCrf()");
    }
    LoadedSegmenter merging = merging(options.segments());
    call(
        Progress.NONE,
        cancellation,
        () -> {
          BufferedImage image = ImagePixels.rgb(given);
          try (ImageViews views = merging.views(image, options, backbone, Progress.NONE)) {
            PixelStrips.read(merge.apply(views.logits()), PixelStrips.BYTES, target);
          }
          return null;
        });
  }

  /** One look at the whole image, at some size. */
  private Segmentation once(
      BufferedImage image, Size view, Backbone features, SegmentOptions options) {
    ImageGeometry geometry = info.geometry().withResize(view);
    int threads = options.threads();
    try (Tensor pixels = geometry.pixels(image);
        Tensor logits = logits(pixels, features, options.regions(), threads)) {
      return upsample(logits, geometry, image.getWidth(), image.getHeight(), threads);
    }
  }

  private Segmentation merge(
      List<PixelLogits> views, BufferedImage image, SegmentOptions options, Progress progress) {
    int threads = options.threads();
    if (views.size() == 1) {
      PixelLogits logits = views.getFirst();
      return segmentation(
          logits,
          options.crf().isPresent()
              ? refine(logits, logitDivisor, image, options.crf().get(), threads, progress)
              : TiledArgmax.of(logits, TiledArgmax.STRIP_BYTES, threads));
    }
    MeanProbabilities mean = new MeanProbabilities(views, logitDivisor, threads);
    return segmentation(
        mean,
        options.crf().isPresent()
            ? refine(mean.logarithms(), 1, image, options.crf().get(), threads, progress)
            : TiledArgmax.of(mean, TiledArgmax.STRIP_BYTES, threads));
  }

  private static short[] refine(
      PixelLogits logits,
      float divisor,
      BufferedImage image,
      CrfOptions crf,
      int threads,
      Progress progress) {
    int[] colors = ImagePixels.colors(image);
    return CrfRefinement.refine(logits, divisor, colors, crf, threads, progress);
  }

  private Segmentation segmentation(PixelLogits logits, short[] clusters) {
    return Segmentation.of(
        logits.width(), logits.height(), info.clusters(), clusters, info.names());
  }

  @Override
  public Segmentation segment(PatchLogits logits, int width, int height) {
    return call(() -> {
      checkFits(logits, width, height);
      return upsample(logits.values(), info.geometry(), width, height, 1);
    });
  }

  @Override
  public Segmentation segment(
      PatchLogits logits, BufferedImage image, CrfOptions crf, int threads) {
    return call(() -> {
      Size size = new Size(image.getWidth(), image.getHeight());
      checkFits(logits, size.width(), size.height());
      Tensor values = logits.values();
      Tensor view = Tensor.borrow(values.segment(), values.dtype(), values.shape());
      try (GridLogits pixels = GridLogits.of(view, info.geometry(), size, false, threads)) {
        return segmentation(
            pixels, refine(pixels, logits.divisor(), image, crf, threads, Progress.NONE));
      }
    });
  }

  private Segmentation upsample(
      Tensor logits, ImageGeometry geometry, int width, int height, int threads) {
    return Upsampler.argmax(
        logits,
        geometry.gridRows(width, height),
        geometry.gridColumns(width, height),
        geometry,
        width,
        height,
        info.names(),
        threads);
  }

  private void checkFits(PatchLogits logits, int width, int height) {
    int rows = info.geometry().gridRows(width, height);
    int columns = info.geometry().gridColumns(width, height);
    if (logits.gridRows() != rows || logits.gridColumns() != columns) {
      throw new BadInputException(
          "%d x %d patches do not belong to an image of %d x %d pixels, which has %d x %d; extract its features with this model's geometry"
              .formatted(logits.gridColumns(), logits.gridRows(), width, height, columns, rows));
    }
    if (logits.values().size(1) != info.clusters()) {
      throw new IncompatibleException(
          "outputs for %d clusters are not of this segmenter, which has %d"
              .formatted(logits.values().size(1), info.clusters()));
    }
  }

  private void checkFits(Backbone other) {
    if (!other.sha256().equals(backbone.sha256())
        || !other.settings().equals(backbone.settings())) {
      throw new IncompatibleException(
          "features of backbone '%s' %s are not those of '%s' %s, which this model was trained on"
              .formatted(other.id(), other.settings(), backbone.id(), backbone.settings()));
    }
  }

  private void checkFits(PatchFeatures features) {
    Backbone.FeatureDims dims = backbone.dims();
    if (features.low().size(1) != dims.low()
        || features.mid().size(1) != dims.mid()
        || features.high().size(1) != dims.high()) {
      throw new IncompatibleException(
          "features %s, %s, %s are not of backbone '%s', which gives %s"
              .formatted(features.low(), features.mid(), features.high(), backbone.id(), dims));
    }
  }

  private Tensor logits(
      Tensor pixels, Backbone features, Optional<RegionOptions> regions, int threads) {
    try (PatchFeatures extracted = features.extract(pixels, threads)) {
      Tensor logits = evaluate(extracted, threads);
      try {
        regions.ifPresent(options ->
            RegionDecision.decide(logits, logitDivisor, regions(extracted, pixels, options)));
        return logits;
      } catch (RuntimeException | Error e) {
        logits.close();
        throw e;
      }
    }
  }

  private static int[] regions(PatchFeatures features, Tensor pixels, RegionOptions options) {
    int rows = features.gridRows();
    int columns = features.gridColumns();
    try (Tensor colors = ImagePixels.reduceToGrid(pixels, rows, columns)) {
      return RegionMerging.regions(features.high(), colors, rows, columns, options);
    }
  }

  @Override
  public PatchLogits logits(PatchFeatures features, int threads) {
    return call(() -> patchLogits(features, threads));
  }

  @Override
  public PatchLogits logits(BufferedImage image, int threads) {
    return call(() -> {
      try (PatchFeatures features = backbone.extract(image, info.geometry(), threads)) {
        return patchLogits(features, threads);
      }
    });
  }

  private PatchLogits patchLogits(PatchFeatures features, int threads) {
    checkFits(features);
    return new PatchLogits(
        features.gridRows(), features.gridColumns(), evaluate(features, threads), logitDivisor);
  }

  private Tensor evaluate(PatchFeatures features, int threads) {
    if (merged.isEmpty()) {
      return outputs.logits(features, threads);
    }
    try (Tensor logits = outputs.logits(features, threads)) {
      return merged.get().logits(logits, logitDivisor);
    }
  }

  @Override
  public void close() {
    if (inUse.close()) {
      try (backbone;
          outputs) {
        // Both are closed, even if one fails.
      }
    }
  }
}
