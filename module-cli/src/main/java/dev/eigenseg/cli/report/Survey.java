package dev.eigenseg.cli.report;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.PatchLogits;
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
import dev.eigenseg.train.evaluation.ConfusionMatrix;
import dev.eigenseg.train.evaluation.Scores;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
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

/**
 * Runs a model over images and keeps what a report shows of them. The result, but for the times,
 * does not depend on the number of threads.
 */
public final class Survey {
  private static final int IMAGES_WITH_EIGENMAPS = 4;
  private static final int EIGENMAPS = 12;

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

  private final Segmenter segmenter;
  private final Settings settings;
  private final Optional<Dataset> dataset;
  private final List<Subject> subjects;
  private final List<Subject> withEigenmaps;
  private final TypicalPatches patches;
  private final Map<Integer, Finding> findings = new ConcurrentSkipListMap<>();
  private final Map<Integer, String> skipped = new ConcurrentSkipListMap<>();
  private final SequencedMap<String, LongAdder> nanos = new LinkedHashMap<>();

  private Survey(
      Segmenter segmenter, Settings settings, Optional<Dataset> dataset, List<Subject> subjects) {
    this.segmenter = segmenter;
    this.settings = settings;
    this.dataset = dataset;
    this.subjects = List.copyOf(subjects);
    withEigenmaps = Spread.of(this.subjects, IMAGES_WITH_EIGENMAPS);
    patches = new TypicalPatches(segmenter.info().clusters());
    for (String stage :
        List.of("read", "extract", "eigenfunctions", "segment", "compare", "draw")) {
      nanos.put(stage, new LongAdder());
    }
  }

  /**
   * Looks at images.
   *
   * @param segmenter borrowed
   * @param dataset the ground truth; then every subject has its sample
   * @param subjects at least one, all of different names
   * @throws BadInputException if an image cannot be used and is not skipped, or if none is left
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static Survey run(
      Segmenter segmenter,
      Settings settings,
      Optional<Dataset> dataset,
      List<Subject> subjects,
      Progress progress) {
    Survey survey = new Survey(segmenter, settings, dataset, subjects);
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
    long start = System.nanoTime();
    BufferedImage image = segmenter.info().geometry().read(subject.image());
    int width = image.getWidth();
    int height = image.getHeight();
    Optional<LabelMap> labels =
        dataset.map(known -> known.labels(subject.sample().orElseThrow(), width, height));
    long read = lap("read", start);
    try (PatchFeatures features = extract(image)) {
      long extracted = lap("extract", read);
      try (PatchLogits logits = segmenter.logits(features, settings.options().threads())) {
        Softmax softmax = Softmax.of(logits);
        long evaluated = lap("eigenfunctions", extracted);
        Segmentation segments = segment(logits, image);
        long segmented = lap("segment", evaluated);
        Optional<ConfusionMatrix> confusion = labels.map(truth -> compare(segments, truth));
        long compared = lap("compare", segmented);
        patches.add(index, image, segmenter.info().geometry(), softmax);
        Finding finding =
            new Finding(
                subject.name(),
                new Size(width, height),
                Embedded.jpeg(Thumbnail.of(image)),
                SmallMap.of(width, height, segments::clusterAt),
                labels.map(truth -> SmallMap.of(width, height, truth::at)),
                segments.counts(),
                softmax.confidence(),
                confusion,
                withEigenmaps.contains(subject) ? eigenmaps(logits, segments) : List.of());
        lap("draw", compared);
        return finding;
      }
    }
  }

  private long lap(String stage, long since) {
    long now = System.nanoTime();
    nanos.get(stage).add(now - since);
    return now;
  }

  private PatchFeatures extract(BufferedImage image) {
    try (Tensor pixels = segmenter.info().geometry().pixels(image)) {
      return segmenter.backbone().extract(pixels, settings.options().threads());
    }
  }

  private Segmentation segment(PatchLogits logits, BufferedImage image) {
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

  TypicalPatches patches() {
    return patches;
  }

  Segmenter segmenter() {
    return segmenter;
  }

  Optional<Dataset> dataset() {
    return dataset;
  }

  /** All images' clusters against classes, where there is a ground truth. */
  public Optional<ConfusionMatrix> confusion() {
    return dataset.map(known -> {
      ConfusionMatrix total =
          new ConfusionMatrix(segmenter.info().clusters(), known.classes().size());
      findings.values().forEach(finding -> total.merge(finding.confusion().orElseThrow()));
      return total;
    });
  }

  /** How well a naming agrees with the ground truth, where there is one that judges any pixel. */
  public Optional<Scores> scores(Naming naming) {
    return confusion()
        .filter(counts -> counts.total() > 0)
        .map(counts -> Scores.of(counts, naming.classOfCluster()));
  }

  /** Pixels of all images by cluster. */
  long[] counts() {
    long[] total = new long[segmenter.info().clusters()];
    for (Finding finding : findings.values()) {
      Arrays.setAll(total, cluster -> total[cluster] + finding.counts()[cluster]);
    }
    return total;
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
