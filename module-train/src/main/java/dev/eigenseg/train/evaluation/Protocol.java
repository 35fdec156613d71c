package dev.eigenseg.train.evaluation;

import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.SegmentOptions.Resolution;
import dev.eigenseg.train.dataset.Ade20k;
import dev.eigenseg.train.dataset.Cityscapes;
import dev.eigenseg.train.dataset.CocoStuff;
import dev.eigenseg.train.dataset.PascalContext;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How the images of a dataset are looked at and scored. Each dataset of the paper has one for each
 * of its sets of classes; scores under another cannot be compared with published ones.
 */
public enum Protocol {
  /** Images as they are, looked at as in training. */
  WHOLE_IMAGE,
  /**
   * The shorter side is resized to 320 pixels, and the square in the middle is all that is
   * segmented and scored (Tables 1 and 2, background left out). Colours are resized as in the code
   * that the published numbers come from: by the nearest pixel for Cityscapes and COCO-Stuff,
   * bilinearly for all others.
   */
  CENTER_CROP_320,
  /**
   * Square windows of the training's size slide over the resized image; scored at the labels' own
   * resolution (Tables 3 and 4). Sizes are those of Segmenter (Strudel et al., ICCV 2021), which
   * the paper follows; its stride for ADE20K is the window, not two thirds of it as elsewhere.
   */
  SLIDING_WINDOW;

  /** How a dataset is resized for windows. */
  private record Sliding(int shorterSide, int longestRatio, int window, int stride) {
    SegmentOptions options() {
      return SegmentOptions.DEFAULT
          .withResolution(new Resolution.ShorterSide(shorterSide, longestRatio))
          .withWindows(window, stride);
    }
  }

  private static final int CROP = 320;
  private static final Sliding PASCAL_CONTEXT = new Sliding(520, 8, 480, 320);
  private static final Sliding CITYSCAPES = new Sliding(1024, 2, 768, 512);

  private static final Map<String, Sliding> SLIDING =
      Map.of(
          PascalContext.NAME_59, PASCAL_CONTEXT,
          PascalContext.NAME_60, PASCAL_CONTEXT,
          Cityscapes.NAME_19, CITYSCAPES,
          Cityscapes.NAME_27, CITYSCAPES,
          Ade20k.NAME, new Sliding(512, 4, 512, 512));

  private static final Map<String, Protocol> PUBLISHED =
      Map.of(
          PascalContext.NAME_59, CENTER_CROP_320,
          Cityscapes.NAME_27, CENTER_CROP_320,
          CocoStuff.NAME, CENTER_CROP_320,
          PascalContext.NAME_60, SLIDING_WINDOW,
          Cityscapes.NAME_19, SLIDING_WINDOW,
          Ade20k.NAME, SLIDING_WINDOW);

  /** The name of options and files, such as {@code "center-crop-320"}. */
  public String option() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The protocol under which scores on a dataset were published, if any were. */
  public static Optional<Protocol> published(String dataset) {
    return Optional.ofNullable(PUBLISHED.get(dataset));
  }

  /** The part of each image, and of its labels, that counts; empty for all of it. */
  Optional<CenterCrop> crop(String dataset) {
    if (this != CENTER_CROP_320) {
      return Optional.empty();
    }
    boolean nearest = dataset.equals(Cityscapes.NAME_27) || dataset.equals(CocoStuff.NAME);
    return Optional.of(
        new CenterCrop(CROP, nearest ? CenterCrop.Sampling.NEAREST : CenterCrop.Sampling.BILINEAR));
  }

  /**
   * How what counts of an image is looked at, without refinement. {@link #SLIDING_WINDOW} has no
   * windows for datasets that have none of their own: the images keep their size, and the caller
   * has to add windows.
   */
  public SegmentOptions options(String dataset) {
    return switch (this) {
      case WHOLE_IMAGE -> SegmentOptions.DEFAULT;
      case CENTER_CROP_320 -> SegmentOptions.DEFAULT.withResolution(new Resolution.Own());
      case SLIDING_WINDOW ->
          SLIDING.containsKey(dataset)
              ? SLIDING.get(dataset).options()
              : SegmentOptions.DEFAULT.withResolution(new Resolution.Own());
    };
  }

  /**
   * One sentence for the reader of scores: whether they can be compared with published ones.
   *
   * @param options how the images were looked at; refinement and threads do not matter
   */
  public String remark(String dataset, SegmentOptions options) {
    Optional<Protocol> published = published(dataset);
    if (published.isEmpty()) {
      return "no protocol is published for " + dataset;
    }
    if (published.get() != this) {
      return "the published protocol of %s is %s".formatted(dataset, published.get().option());
    }
    return options.withoutCrf().withThreads(1).equals(options(dataset))
        ? "as published for " + dataset
        : "as published for " + dataset + " but for the views";
  }
}
