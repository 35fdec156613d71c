package dev.eigenseg.cli.input;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CrfOptions;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.RegionOptions;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.SegmentOptions.Resolution;
import dev.eigenseg.api.SegmentOptions.Segments;
import dev.eigenseg.cli.session.SizeConverter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How images are looked at, named as in {@link SegmentOptions}, and how results are refined. */
public final class ViewOptions {
  private static final String OWN = "own";
  private static final String AUTO = "auto";

  @Option(
      names = "--window",
      paramLabel = "PIXELS",
      description =
          "Look at the image in square windows of this side that slide over it, and average "
              + "where they overlap: for images that are larger than those of the training "
              + "(default: the whole image at once).")
  private Optional<Integer> window = Optional.empty();

  @Option(
      names = "--stride",
      paramLabel = "PIXELS",
      description = "From one window to the next (default: 3/4 of the window).")
  private Optional<Integer> stride = Optional.empty();

  @Option(
      names = "--scales",
      paramLabel = "FACTOR",
      split = ",",
      description =
          "Look at the image at several sizes, such as 0.75,1,1.5, and average (default: 1).")
  private List<Double> scales = List.of();

  @Option(
      names = "--flip",
      description = "Look at each view mirrored from left to right too, and average.")
  private boolean flip;

  @Option(
      names = "--size",
      paramLabel = "own|WIDTHxHEIGHT",
      converter = ResolutionConverter.class,
      description =
          "The size at which scale 1 shows an image, own for the image's; the result always has "
              + "the image's size (default: as in training).")
  private Optional<Resolution> size = Optional.empty();

  @Option(
      names = "--regions",
      description =
          "Decide for connected regions of like patches, not for single patches: few large "
              + "segments, for photographs of anything.")
  private boolean regions;

  @Option(
      names = "--region-share",
      paramLabel = "SHARE",
      description =
          "How much of an image tells two regions apart; smaller, for more regions (default: 0.008).")
  private Optional<Double> regionShare = Optional.empty();

  @Option(
      names = "--segments",
      paramLabel = "N|auto",
      converter = SegmentsConverter.class,
      description =
          "Merge the model's clusters to so many segments, numbered by their frequency in "
              + "training; auto merges what is at least as alike as by chance (default: the clusters "
              + "as they are).")
  private Optional<Segments> segments = Optional.empty();

  @Option(
      names = "--max-crf-pixels",
      paramLabel = "N",
      description =
          "Refine images of more pixels in overlapping tiles of about this size (default: 1048576).")
  private Optional<Long> maxCrfPixels = Optional.empty();

  @Option(
      names = "--crf-iterations",
      paramLabel = "N",
      description = "Mean-field iterations of the CRF (default: 10).")
  private Optional<Integer> iterations = Optional.empty();

  @Option(
      names = "--crf-gaussian-weight",
      paramLabel = "W",
      description = "Weight of the kernel on positions (default: 3).")
  private Optional<Double> gaussianWeight = Optional.empty();

  @Option(
      names = "--crf-gaussian-std",
      paramLabel = "PIXELS",
      description = "Its standard deviation (default: 1).")
  private Optional<Double> gaussianStd = Optional.empty();

  @Option(
      names = "--crf-bilateral-weight",
      paramLabel = "W",
      description = "Weight of the kernel on positions and colours (default: 4).")
  private Optional<Double> bilateralWeight = Optional.empty();

  @Option(
      names = "--crf-bilateral-xy-std",
      paramLabel = "PIXELS",
      description = "Its standard deviation of positions (default: 67).")
  private Optional<Double> bilateralXyStd = Optional.empty();

  @Option(
      names = "--crf-bilateral-rgb-std",
      paramLabel = "STEPS",
      description = "Its standard deviation of colours from 0 to 255 (default: 3).")
  private Optional<Double> bilateralRgbStd = Optional.empty();

  /** Reads {@code auto} or a number. */
  static final class SegmentsConverter implements ITypeConverter<Segments> {
    @Override
    public Segments convert(String value) {
      if (value.equals(AUTO)) {
        return new Segments.Auto();
      }
      try {
        return new Segments.Count(Integer.parseInt(value));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(
            "'%s' is no number of segments; give 1 or more, or auto".formatted(value));
      }
    }
  }

  /**
   * Checks that a model's clusters can be merged as options want it.
   *
   * @throws IncompatibleException if the model does not say how its clusters merge
   * @throws BadInputException if it has fewer clusters
   */
  public static void requireSegments(Path file, ModelInfo model, SegmentOptions options) {
    if (options.segments().isEmpty()) {
      return;
    }
    if (model.dendrogram().isEmpty()) {
      throw new IncompatibleException(
          ("%s does not say how its clusters merge, as it was made before models did: "
                  + "'eigenseg merge-clusters %s --bank BANK' adds that to it")
              .formatted(file, file));
    }
    if (options.segments().get() instanceof Segments.Count(int number)
        && number > model.clusters()) {
      throw new BadInputException(
          "%s has %d clusters, which make no %d segments; give --segments 1 to %d"
              .formatted(file, model.clusters(), number, model.clusters()));
    }
  }

  /** Reads {@code own} or a size. */
  static final class ResolutionConverter implements ITypeConverter<Resolution> {
    @Override
    public Resolution convert(String value) {
      return value.equals(OWN)
          ? new Resolution.Own()
          : new Resolution.Fixed(new SizeConverter().convert(value));
    }
  }

  /**
   * The options of one image.
   *
   * @param base what holds unless the user says otherwise
   * @param refine whether results are refined by a CRF
   * @throws IllegalArgumentException if they make no sense; the user used the command wrongly
   */
  public SegmentOptions options(SegmentOptions base, boolean refine) {
    SegmentOptions options =
        windowed(base.withResolution(size.orElse(base.resolution())).withFlip(flip));
    if (segments.isPresent()) {
      options = options.withSegments(segments.get());
    }
    if (!scales.isEmpty()) {
      options = options.withScales(scales);
    }
    if (regions) {
      RegionOptions defaults = RegionOptions.DEFAULT;
      options =
          options.withRegions(
              new RegionOptions(defaults.alpha(), regionShare.orElse(defaults.share())));
    } else if (regionShare.isPresent()) {
      throw new IllegalArgumentException("--region-share is of regions; give --regions too");
    }
    if (refine) {
      return options.withCrf(crf());
    }
    if (!crf().equals(CrfOptions.DEFAULT)) {
      throw new IllegalArgumentException("options of the CRF do nothing without --crf on");
    }
    return options;
  }

  private SegmentOptions windowed(SegmentOptions options) {
    if (window.isPresent()) {
      int step = stride.orElse(Math.max(1, Math.toIntExact(window.get() * 3L / 4)));
      return options.withWindows(window.get(), step);
    }
    if (stride.isEmpty()) {
      return options;
    }
    SegmentOptions.Windows known =
        options
            .windows()
            .orElseThrow(
                () -> new IllegalArgumentException("--stride is of windows; give --window too"));
    return options.withWindows(known.size(), stride.get());
  }

  private CrfOptions crf() {
    CrfOptions defaults = CrfOptions.DEFAULT;
    return new CrfOptions(
        iterations.orElse(defaults.iterations()),
        gaussianWeight.orElse(defaults.gaussianWeight()),
        gaussianStd.orElse(defaults.gaussianStd()),
        bilateralWeight.orElse(defaults.bilateralWeight()),
        bilateralXyStd.orElse(defaults.bilateralXyStd()),
        bilateralRgbStd.orElse(defaults.bilateralRgbStd()),
        maxCrfPixels.orElse(defaults.maxPixels()));
  }

  /** What changes the result, by the names of the options; nothing for the defaults. */
  public static SequencedMap<String, String> settings(SegmentOptions options) {
    SequencedMap<String, String> settings = new LinkedHashMap<>();
    switch (options.resolution()) {
      case Resolution.Model model -> {}
      case Resolution.Own own -> settings.put("size", OWN);
      case Resolution.ShorterSide(int pixels, int ratio) ->
          settings.put(
              "size", "shorter side %d, longer at most %d".formatted(pixels, pixels * ratio));
      case Resolution.Fixed(ImageGeometry.Size fixed) -> settings.put("size", fixed.toString());
    }
    options
        .windows()
        .ifPresent(windows -> {
          settings.put("window", Integer.toString(windows.size()));
          settings.put("stride", Integer.toString(windows.stride()));
        });
    if (!options.scales().equals(SegmentOptions.DEFAULT.scales())) {
      settings.put(
          "scales",
          options.scales().stream().map(Object::toString).collect(Collectors.joining(",")));
    }
    if (options.flip()) {
      settings.put("flip", "true");
    }
    options.segments().ifPresent(merged -> settings.put("segments", text(merged)));
    options.regions().ifPresent(found -> settings.put("regions", Double.toString(found.share())));
    options.crf().ifPresent(crf -> settings.putAll(settings(crf)));
    return settings;
  }

  private static String text(Segments segments) {
    return switch (segments) {
      case Segments.Count(int number) -> Integer.toString(number);
      case Segments.Auto auto -> AUTO;
    };
  }

  private static SequencedMap<String, String> settings(CrfOptions crf) {
    SequencedMap<String, String> settings = new LinkedHashMap<>();
    settings.put("crf", "on");
    settings.put("max-crf-pixels", Long.toString(crf.maxPixels()));
    settings.put("crf-iterations", Integer.toString(crf.iterations()));
    settings.put("crf-gaussian-weight", Double.toString(crf.gaussianWeight()));
    settings.put("crf-gaussian-std", Double.toString(crf.gaussianStd()));
    settings.put("crf-bilateral-weight", Double.toString(crf.bilateralWeight()));
    settings.put("crf-bilateral-xy-std", Double.toString(crf.bilateralXyStd()));
    settings.put("crf-bilateral-rgb-std", Double.toString(crf.bilateralRgbStd()));
    return settings;
  }
}
