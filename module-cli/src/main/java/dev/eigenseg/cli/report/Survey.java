package dev.eigenseg.cli.report;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.PatchLogits;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.file.ImageFailure;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.LabelMap;
import dev.eigenseg.train.dataset.Sample;
import dev.eigenseg.train.evaluation.ConfusionMatrix;
import dev.eigenseg.train.evaluation.Scores;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Runs models over images and keeps what a report shows of them. The result, but for the times,
 * does not depend on the number of threads.
 */
public final class Survey {
  private static final int IMAGES_WITH_EIGENMAPS = 4;
  private static final int EIGENMAPS = 12;

  // A page of a hundred images stays below 20 MB: this, and 3 MB for scripts, maps of
  // eigenfunctions and typical patches. Few images may be larger, many never get unreadable.
  private static final long BYTES_OF_PICTURES = 16_500_000;
  private static final long FEWEST_BYTES = 55_000;
  private static final long MOST_BYTES = 400_000;

  /**
   * An image to look at.
   *
   * @param name what the report calls it
   * @param image the file
   * @param sample the same in a dataset, where there is a ground truth
   */
  public record Subject(String name, Path image, Optional<Sample> sample) {}

  /**
   * How the images are looked at.
   *
   * @param options windows, refinement, and the threads of one image
   * @param threads how many images are worked on at the same time
   * @param skip whether images that cannot be used are left out instead of ending the work
   */
  public record Settings(SegmentOptions options, int threads, boolean skip) {}

  private final List<Segmenter> models;
  private final Settings settings;
  private final Optional<Dataset> dataset;
  private final List<Subject> subjects;
  private final List<Subject> withEigenmaps;
  private final List<TypicalPatches> patches;
  private final Map<Integer, Finding> findings = new ConcurrentSkipListMap<>();
  private final Map<Integer, String> skipped = new ConcurrentSkipListMap<>();
  private final SequencedMap<String, LongAdder> nanos = new LinkedHashMap<>();

  private Survey(
      List<Segmenter> models,
      Settings settings,
      Optional<Dataset> dataset,
      List<Subject> subjects) {
    this.models = List.copyOf(models);
    this.settings = settings;
    this.dataset = dataset;
    this.subjects = List.copyOf(subjects);
    withEigenmaps = Spread.of(this.subjects, IMAGES_WITH_EIGENMAPS);
    int clusters = models.stream().mapToInt(model -> model.info().clusters()).sum();
    patches =
        models.stream()
            .map(model -> new TypicalPatches(model.info().clusters(), clusters))
            .toList();
    for (String stage :
        List.of("read", "extract", "eigenfunctions", "segment", "compare", "draw")) {
      nanos.put(stage, new LongAdder());
    }
  }

  /**
   * Looks at images.
   *
   * @param models at least one; borrowed
   * @param dataset the ground truth; then every subject has its sample
   * @param subjects at least one, all of different names
   * @throws BadInputException if an image cannot be used and is not skipped, or if none is left
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static Survey run(
      List<Segmenter> models,
      Settings settings,
      Optional<Dataset> dataset,
      List<Subject> subjects,
      Progress progress) {
    Survey survey = new Survey(models, settings, dataset, subjects);
    try (Progress.Task task = progress.start("report", subjects.size(), "images")) {
      Parallel.forEach(
          settings.threads(),
          subjects.size(),
          i -> {
            progress.checkCancelled();
            survey.one((int) i);
            task.advance(1);
          });
    }
    if (survey.findings.isEmpty()) {
      throw new BadInputException(
          "none of the %d images could be used; the first: %s"
              .formatted(subjects.size(), survey.skipped().firstEntry().getValue()));
    }
    return survey;
  }

  private void one(int index) {
    try {
      findings.put(index, look(index, subjects.get(index)));
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
      BadInputException reason = ImageFailure.of(subjects.get(index).image(), e);
      if (!settings.skip()) {
        throw reason;
      }
      skipped.put(index, reason.getMessage());
    }
  }

  private Finding look(int index, Subject subject) {
    try (Look look = new Look(subject.image(), settings.options().threads())) {
      long start = System.nanoTime();
      BufferedImage image = look.image(models.getFirst());
      int width = image.getWidth();
      int height = image.getHeight();
      Optional<LabelMap> labels =
          dataset.map(known -> known.labels(subject.sample().orElseThrow(), width, height));
      lap("read", start);
      List<Plate.Layer> layers = new ArrayList<>();
      List<Finding.Outcome> outcomes = new ArrayList<>();
      for (int model = 0; model < models.size(); model++) {
        outcomes.add(outcome(index, model, look, labels, layers));
      }
      long drawing = System.nanoTime();
      labels.ifPresent(
          truth -> layers.add(new Plate.Layer(labelLimit(dataset.orElseThrow()), truth::at)));
      Plate plate = Plate.of(image, layers, bytesOfAnImage());
      lap("draw", drawing);
      return new Finding(subject.name(), plate, outcomes);
    }
  }

  private Finding.Outcome outcome(
      int index, int model, Look look, Optional<LabelMap> labels, List<Plate.Layer> layers) {
    Segmenter segmenter = models.get(model);
    long start = System.nanoTime();
    BufferedImage image = look.image(segmenter);
    long read = lap("read", start);
    PatchFeatures features = look.features(segmenter);
    long extracted = lap("extract", read);
    try (PatchLogits logits = segmenter.logits(features, settings.options().threads())) {
      Decisions decisions = Decisions.of(logits, segmenter.info().names());
      long evaluated = lap("eigenfunctions", extracted);
      Segmentation segments = segment(segmenter, logits, image);
      long segmented = lap("segment", evaluated);
      Optional<ConfusionMatrix> confusion = labels.map(truth -> compare(segments, truth));
      long compared = lap("compare", segmented);
      patches.get(model).add(index, image, segmenter.info().geometry(), decisions);
      boolean maps = withEigenmaps.contains(subjects.get(index));
      Finding.Outcome outcome =
          new Finding.Outcome(
              segments.counts(),
              confusion,
              decisions.clarity(),
              maps ? eigenmaps(logits, segments) : List.of());
      layers.add(new Plate.Layer(segments.clusters(), segments::clusterAt));
      lap("draw", compared);
      return outcome;
    }
  }

  // The void index may lie beyond the classes.
  private static int labelLimit(Dataset known) {
    return Math.max(known.classes().size(), known.voidIndex() + 1);
  }

  private long bytesOfAnImage() {
    return Math.clamp(BYTES_OF_PICTURES / subjects.size(), FEWEST_BYTES, MOST_BYTES);
  }

  private long lap(String stage, long since) {
    long now = System.nanoTime();
    nanos.get(stage).add(now - since);
    return now;
  }

  private Segmentation segment(Segmenter segmenter, PatchLogits logits, BufferedImage image) {
    SegmentOptions options = settings.options();
    if (!options.wholeImage(segmenter.info().geometry())) {
      return segmenter.segment(image, options);
    }
    return options.crf().isPresent()
        ? segmenter.segment(logits, image, options.crf().get(), options.threads())
        : segmenter.segment(logits, image.getWidth(), image.getHeight());
  }

  private ConfusionMatrix compare(Segmentation segments, LabelMap truth) {
    Dataset known = dataset.orElseThrow();
    ConfusionMatrix confusion = new ConfusionMatrix(segments.clusters(), known.classes().size());
    confusion.add(segments, truth, known.voidIndex());
    return confusion;
  }

  private static List<Finding.Eigenmap> eigenmaps(PatchLogits logits, Segmentation segments) {
    long[] counts = segments.counts();
    double pixels = (double) segments.width() * segments.height();
    return IntStream.range(0, counts.length)
        .filter(cluster -> counts[cluster] > 0)
        .boxed()
        .sorted(Comparator.comparingLong((Integer cluster) -> counts[cluster]).reversed())
        .limit(EIGENMAPS)
        .map(cluster ->
            new Finding.Eigenmap(
                cluster, counts[cluster] / pixels, Embedded.png(HeatMap.draw(logits, cluster))))
        .toList();
  }

  /** What was found, in the order of the images. */
  List<Finding> findings() {
    return List.copyOf(findings.values());
  }

  List<Segmenter> models() {
    return models;
  }

  TypicalPatches patches(int model) {
    return patches.get(model);
  }

  Optional<Dataset> dataset() {
    return dataset;
  }

  /** All images' clusters of a model against classes, where there is a ground truth. */
  public Optional<ConfusionMatrix> confusion(int model) {
    return dataset.map(known -> {
      ConfusionMatrix total =
          new ConfusionMatrix(models.get(model).info().clusters(), known.classes().size());
      outcomes(model).forEach(outcome -> total.merge(outcome.confusion().orElseThrow()));
      return total;
    });
  }

  /** How well a naming agrees with the ground truth, where there is one that judges any pixel. */
  public Optional<Scores> scores(int model, Naming naming) {
    return confusion(model)
        .filter(counts -> counts.total() > 0)
        .map(counts -> Scores.of(counts, naming.classOfCluster()));
  }

  /** Pixels of all images by a model's cluster. */
  long[] counts(int model) {
    long[] total = new long[models.get(model).info().clusters()];
    outcomes(model)
        .forEach(
            outcome -> Arrays.setAll(total, cluster -> total[cluster] + outcome.counts()[cluster]));
    return total;
  }

  /** For each image how much of it a model decided least clearly, where it has names. */
  Optional<List<Double>> unclear(int model) {
    return Unclear.of(outcomes(model).map(Finding.Outcome::clarity).toList());
  }

  private Stream<Finding.Outcome> outcomes(int model) {
    return findings.values().stream().map(finding -> finding.outcomes().get(model));
  }

  /** How many images are shown. */
  public int images() {
    return findings.size();
  }

  /** The reason for each image left out, by its name. */
  public SequencedMap<String, String> skipped() {
    SequencedMap<String, String> reasons = new LinkedHashMap<>();
    new TreeMap<>(skipped)
        .forEach((index, reason) -> reasons.put(subjects.get(index).name(), reason));
    return reasons;
  }

  /** The work by stage, summed over the threads. */
  public SequencedMap<String, Double> seconds() {
    SequencedMap<String, Double> seconds = new LinkedHashMap<>();
    nanos.forEach((stage, time) -> seconds.put(stage, time.sum() / 1e9));
    return seconds;
  }
}
