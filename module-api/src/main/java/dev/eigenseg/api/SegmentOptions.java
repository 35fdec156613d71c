package dev.eigenseg.api;

import dev.eigenseg.api.ImageGeometry.Size;
import java.util.List;
import java.util.Optional;

/**
 * How an image is segmented. The defaults, {@link #DEFAULT}, look at the whole image once.
 *
 * <p>Several views of an image (scales, and with {@code flip} each of them mirrored too) are
 * averaged after a softmax of their logits, overlapping windows of one view before it.
 *
 * @param resolution the size at which scale 1 shows the image
 * @param windows windows that slide over each view, or empty for the whole view at once
 * @param scales factors of the views' sizes, such as 0.5, 1 and 1.5
 * @param flip whether each view is also looked at mirrored from left to right
 * @param regions deciding for regions of like patches in each view or window, or empty for deciding
 *     for single patches
 * @param crf refinement by a dense CRF, or empty for none
 * @param segments what the model's clusters are merged to, or empty for the clusters themselves
 * @param threads worker threads for one image, the caller's among them; the result does not depend
 *     on it
 */
public record SegmentOptions(
    Resolution resolution,
    Optional<Windows> windows,
    List<Double> scales,
    boolean flip,
    Optional<RegionOptions> regions,
    Optional<CrfOptions> crf,
    Optional<Segments> segments,
    int threads) {
  /** The whole image once, in the caller's thread. */
  public static final SegmentOptions DEFAULT =
      new SegmentOptions(
          new Resolution.Model(),
          Optional.empty(),
          List.of(1.0),
          false,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          1);

  /** Checks the scales and the number of threads. */
  public SegmentOptions {
    scales = List.copyOf(scales);
    if (scales.isEmpty() || !scales.stream().allMatch(s -> s > 0 && s <= 16)) {
      throw new IllegalArgumentException(
          "scales are %s, expected at least one, each above 0 and at most 16".formatted(scales));
    }
    if (threads < 1) {
      throw new IllegalArgumentException(threads + " threads, expected at least 1");
    }
  }

  /** The size at which scale 1 shows an image. Results always have the image's own size. */
  public sealed interface Resolution {
    /** The size of a view of scale 1. */
    Size of(Size image, ImageGeometry model);

    /** As in training: the size that the model's images were resized to, or else their own. */
    record Model() implements Resolution {
      @Override
      public Size of(Size image, ImageGeometry model) {
        return model.content(image.width(), image.height());
      }
    }

    /** Each image's own size, as is usual with windows. */
    record Own() implements Resolution {
      @Override
      public Size of(Size image, ImageGeometry model) {
        return image;
      }
    }

    /**
     * Resized so that the shorter side has some length, unless the longer side got too long.
     *
     * @param pixels of the shorter side
     * @param longestRatio the longer side's most pixels, in multiples of {@code pixels}: longer
     *     images become smaller as a whole
     */
    record ShorterSide(int pixels, int longestRatio) implements Resolution {
      /** Checks that both are positive. */
      public ShorterSide {
        if (pixels < 1 || longestRatio < 1) {
          throw new IllegalArgumentException(
              "a shorter side of %d pixels and a longer one of at most %d times that"
                  .formatted(pixels, longestRatio));
        }
      }

      @Override
      public Size of(Size image, ImageGeometry model) {
        int shorter = Math.min(image.width(), image.height());
        int longer = Math.max(image.width(), image.height());
        double scale = Math.min((double) pixels / shorter, (double) pixels * longestRatio / longer);
        return new Size(scaled(image.width(), scale), scaled(image.height(), scale));
      }

      private static int scaled(int side, double scale) {
        return Math.toIntExact(Math.max(1, Math.round(side * scale)));
      }
    }

    /** One size for all images. */
    record Fixed(Size size) implements Resolution {
      @Override
      public Size of(Size image, ImageGeometry model) {
        return size;
      }
    }
  }

  /**
   * Square windows at multiples of a stride; the last one of a row or column is moved back to end
   * at the border.
   *
   * @param size side in pixels; a view that is smaller is enlarged to it
   * @param stride pixels from one window to the next, at most the size
   */
  public record Windows(int size, int stride) {
    /** Checks that windows leave no gaps. */
    public Windows {
      if (size < 1 || stride < 1 || stride > size) {
        throw new IllegalArgumentException(
            "windows of %d pixels every %d, expected a stride from 1 to the window"
                .formatted(size, stride));
      }
    }
  }

  /** What a model's clusters are merged to, by the {@link Dendrogram} in its file. */
  public sealed interface Segments {
    /**
     * So many segments, numbered as {@link Dendrogram#cut} says: the probabilities of a segment's
     * clusters are added up before anything is decided.
     */
    record Count(int number) implements Segments {
      /** Checks that there is a segment. */
      public Count {
        if (number < 1) {
          throw new IllegalArgumentException(number + " segments, expected at least 1");
        }
      }
    }

    /** As many as the model's clusters seem to have kinds, {@link Dendrogram#natural}. */
    record Auto() implements Segments {}
  }

  /** The same at another resolution. */
  public SegmentOptions withResolution(Resolution size) {
    return new SegmentOptions(size, windows, scales, flip, regions, crf, segments, threads);
  }

  /** The same with windows. */
  public SegmentOptions withWindows(int size, int stride) {
    return new SegmentOptions(
        resolution,
        Optional.of(new Windows(size, stride)),
        scales,
        flip,
        regions,
        crf,
        segments,
        threads);
  }

  /** The same at other scales. */
  public SegmentOptions withScales(List<Double> factors) {
    return new SegmentOptions(resolution, windows, factors, flip, regions, crf, segments, threads);
  }

  /** The same with or without mirrored views. */
  public SegmentOptions withFlip(boolean mirrored) {
    return new SegmentOptions(
        resolution, windows, scales, mirrored, regions, crf, segments, threads);
  }

  /** The same with decisions for regions. */
  public SegmentOptions withRegions(RegionOptions options) {
    return new SegmentOptions(
        resolution, windows, scales, flip, Optional.of(options), crf, segments, threads);
  }

  /** The same with refinement. */
  public SegmentOptions withCrf(CrfOptions options) {
    return new SegmentOptions(
        resolution, windows, scales, flip, regions, Optional.of(options), segments, threads);
  }

  /** The same with another number of threads. */
  public SegmentOptions withThreads(int number) {
    return new SegmentOptions(resolution, windows, scales, flip, regions, crf, segments, number);
  }

  /** The same with clusters that are merged to so many segments. */
  public SegmentOptions withSegments(int number) {
    return withSegments(new Segments.Count(number));
  }

  /** The same with clusters that are merged. */
  public SegmentOptions withSegments(Segments value) {
    return new SegmentOptions(
        resolution, windows, scales, flip, regions, crf, Optional.of(value), threads);
  }

  /** The same without refinement. */
  public SegmentOptions withoutCrf() {
    return new SegmentOptions(
        resolution, windows, scales, flip, regions, Optional.empty(), segments, threads);
  }

  /**
   * Whether a model looks at an image just once, as a whole, at the resolution of its training, and
   * decides from the features of that look alone.
   */
  public boolean wholeImage(ImageGeometry model) {
    return windows.isEmpty()
        && scales.equals(List.of(1.0))
        && !flip
        && regions.isEmpty()
        && asInTraining(model);
  }

  private boolean asInTraining(ImageGeometry model) {
    return switch (resolution) {
      case Resolution.Model training -> true;
      case Resolution.Own own -> model.resize().isEmpty();
      case Resolution.Fixed(Size size) -> model.resize().equals(Optional.of(size));
      case Resolution.ShorterSide varying -> false;
    };
  }
}
