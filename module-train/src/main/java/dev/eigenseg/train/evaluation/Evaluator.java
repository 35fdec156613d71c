package dev.eigenseg.train.evaluation;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.file.ImageFailure;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.LabelMap;
import dev.eigenseg.train.dataset.Sample;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * Runs models over a dataset and counts which clusters meet which classes, at the resolution of the
 * labels, or of the part of them that the protocol lets count. Models with the same backbone and
 * geometry share the features of an image, or of its views, which are extracted once. The result
 * does not depend on the number of threads.
 */
public final class Evaluator {
  /**
   * A model under a name for tables.
   *
   * @param segmenter borrowed
   * @param options how it looks at images
   */
  public record EvaluatedModel(String name, Segmenter segmenter, SegmentOptions options) {
    /** A model that looks at every image once, as a whole. */
    public EvaluatedModel(String name, Segmenter segmenter) {
      this(name, segmenter, SegmentOptions.DEFAULT);
    }
  }

  /** What must be equal for two models to read the same features. */
  private record FeatureKey(
      String backboneId,
      String backboneSha256,
      Map<String, String> backboneSettings,
      ImageGeometry geometry) {
    static FeatureKey of(Segmenter segmenter) {
      Backbone backbone = segmenter.backbone();
      return new FeatureKey(
          backbone.id(), backbone.sha256(), backbone.settings(), segmenter.info().geometry());
    }
  }

  // Windows of ViT-S on an image of Cityscapes take 85 MB; as many images are in work as threads.
  private static final long REMEMBERED_BYTES = 1L << 30;

  private final Dataset dataset;
  private final Optional<CenterCrop> crop;
  private final List<EvaluatedModel> models;
  private final int threads;
  private final SequencedMap<FeatureKey, List<Integer>> modelsOfFeatures = new LinkedHashMap<>();
  private final SequencedMap<FeatureKey, List<Integer>> modelsOfViews = new LinkedHashMap<>();
  private final List<ConfusionMatrix> totals;
  private final TreeMap<String, String> skipped = new TreeMap<>();
  private final LongAdder reading = new LongAdder();
  private final LongAdder extracting = new LongAdder();
  private final LongAdder segmenting = new LongAdder();
  private final LongAdder comparing = new LongAdder();

  private Evaluator(Dataset dataset, Protocol protocol, List<EvaluatedModel> models, int threads) {
    this.dataset = dataset;
    this.crop = protocol.crop(dataset.name());
    this.models =
        models.stream()
            .map(model ->
                new EvaluatedModel(
                    model.name(), model.segmenter().forOptions(model.options()), model.options()))
            .toList();
    this.totals = emptyMatrices();
    this.threads = threads;
    for (int i = 0; i < models.size(); i++) {
      Segmenter segmenter = models.get(i).segmenter();
      boolean whole = models.get(i).options().wholeImage(segmenter.info().geometry());
      (whole ? modelsOfFeatures : modelsOfViews)
          .computeIfAbsent(FeatureKey.of(segmenter), key -> new ArrayList<>())
          .add(i);
    }
  }

  /**
   * Evaluates models on all images of a dataset as they are; the first image that cannot be used
   * ends it.
   *
   * @throws BadInputException if an image or its labels cannot be used
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static Evaluation evaluate(
      Dataset dataset, List<EvaluatedModel> models, int threads, Progress progress) {
    return evaluate(dataset, Protocol.WHOLE_IMAGE, models, threads, false, progress);
  }

  /**
   * Evaluates models on the images of a dataset.
   *
   * @param protocol which part of the images counts; how it is looked at is up to the models'
   *     options, by custom those of {@link Protocol#options}
   * @param models at least one
   * @param threads how many images are worked on at the same time
   * @param skipBad whether images and labels that cannot be used are listed in the result instead
   *     of ending it
   * @throws BadInputException if an image or its labels cannot be used and are not skipped, or if
   *     nothing is left
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static Evaluation evaluate(
      Dataset dataset,
      Protocol protocol,
      List<EvaluatedModel> models,
      int threads,
      boolean skipBad,
      Progress progress) {
    return count(dataset, protocol, models, threads, skipBad, progress).requireSome();
  }

  /**
   * As {@link #evaluate(Dataset, Protocol, List, int, boolean, Progress)}, of a share of a dataset:
   * also if all its images are skipped.
   */
  public static Evaluation count(
      Dataset dataset,
      Protocol protocol,
      List<EvaluatedModel> models,
      int threads,
      boolean skipBad,
      Progress progress) {
    if (models.isEmpty()) {
      throw new BadInputException("no model to evaluate; name at least one");
    }
    requireSameBands(models);
    return new Evaluator(dataset, protocol, models, threads).run(skipBad, progress);
  }

  private Evaluation run(boolean skipBad, Progress progress) {
    long start = System.nanoTime();
    List<Sample> samples = dataset.samples();
    try (Progress.Task task = progress.start("evaluate", samples.size(), "images")) {
      Parallel.forEach(
          threads,
          samples.size(),
          i -> {
            progress.checkCancelled();
            one(samples.get((int) i), skipBad);
            task.advance(1);
          });
    }
    List<Evaluation.Result> results = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      EvaluatedModel model = models.get(i);
      results.add(
          new Evaluation.Result(
              model.name(), model.segmenter().info(), model.options(), totals.get(i)));
    }
    return new Evaluation(
        samples.size() - skipped.size(), results, skipped, seconds(System.nanoTime() - start));
  }

  // An image is read once for all models.
  private static void requireSameBands(List<EvaluatedModel> models) {
    EvaluatedModel first = models.getFirst();
    for (EvaluatedModel model : models) {
      if (!bands(model).equals(bands(first))) {
        throw new IncompatibleException(
            "%s was trained on bands %s of its images, %s on %s: evaluate them one by one"
                .formatted(first.name(), bands(first), model.name(), bands(model)));
      }
    }
  }

  private static String bands(EvaluatedModel model) {
    ImageGeometry geometry = model.segmenter().info().geometry();
    return geometry.bands().map(Images.Bands::toString).orElse("as they are shown");
  }

  private void one(Sample sample, boolean skipBad) {
    try {
      List<ConfusionMatrix> counts = count(sample);
      synchronized (totals) {
        for (int i = 0; i < counts.size(); i++) {
          totals.get(i).merge(counts.get(i));
        }
      }
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
      BadInputException reason = ImageFailure.of(sample.image(), e);
      if (!skipBad) {
        throw reason;
      }
      synchronized (totals) {
        skipped.put(sample.name(), reason.getMessage());
      }
    }
  }

  private List<ConfusionMatrix> count(Sample sample) {
    long start = System.nanoTime();
    BufferedImage whole = models.getFirst().segmenter().info().geometry().read(sample.image());
    LabelMap wholeLabels = dataset.labels(sample, whole.getWidth(), whole.getHeight());
    BufferedImage image = crop.map(part -> part.image(whole)).orElse(whole);
    LabelMap labels = crop.map(part -> part.labels(wholeLabels)).orElse(wholeLabels);
    reading.add(System.nanoTime() - start);
    List<ConfusionMatrix> counts = emptyMatrices();
    for (var group : modelsOfFeatures.entrySet()) {
      try (PatchFeatures features = extract(image, group)) {
        for (int model : group.getValue()) {
          count(() -> segment(features, image, model), labels, counts.get(model));
        }
      }
    }
    for (List<Integer> group : modelsOfViews.values()) {
      Backbone backbone = models.get(group.getFirst()).segmenter().backbone();
      try (RememberedFeatures features =
          new RememberedFeatures(backbone, REMEMBERED_BYTES / threads)) {
        Backbone source = group.size() == 1 ? backbone : features;
        for (int model : group) {
          EvaluatedModel evaluated = models.get(model);
          count(
              () -> evaluated.segmenter().segment(image, evaluated.options(), source),
              labels,
              counts.get(model));
        }
      }
    }
    return counts;
  }

  private PatchFeatures extract(BufferedImage image, Map.Entry<FeatureKey, List<Integer>> group) {
    long start = System.nanoTime();
    EvaluatedModel first = models.get(group.getValue().getFirst());
    try (Tensor pixels = group.getKey().geometry().pixels(image)) {
      return first.segmenter().backbone().extract(pixels, first.options().threads());
    } finally {
      extracting.add(System.nanoTime() - start);
    }
  }

  private Segmentation segment(PatchFeatures features, BufferedImage image, int model) {
    Segmenter segmenter = models.get(model).segmenter();
    SegmentOptions options = models.get(model).options();
    return options.crf().isPresent()
        ? segmenter.segment(features, image, options.crf().get(), options.threads())
        : segmenter.segment(features, image.getWidth(), image.getHeight());
  }

  private void count(Supplier<Segmentation> work, LabelMap labels, ConfusionMatrix confusion) {
    long start = System.nanoTime();
    Segmentation segments = work.get();
    long middle = System.nanoTime();
    confusion.add(segments, labels, dataset.voidIndex());
    segmenting.add(middle - start);
    comparing.add(System.nanoTime() - middle);
  }

  private List<ConfusionMatrix> emptyMatrices() {
    return models.stream()
        .map(m -> new ConfusionMatrix(m.segmenter().info().clusters(), dataset.classes().size()))
        .toList();
  }

  private SequencedMap<String, Double> seconds(long totalNanos) {
    SequencedMap<String, Double> seconds = new LinkedHashMap<>();
    seconds.put("read", reading.sum() / 1e9);
    seconds.put("extract", extracting.sum() / 1e9);
    seconds.put("segment", segmenting.sum() / 1e9);
    seconds.put("compare", comparing.sum() / 1e9);
    seconds.put("total", totalNanos / 1e9);
    return seconds;
  }
}
