package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Looks into every file of a dataset before work on it begins: headers alone, so that it takes
 * seconds, not minutes. Values of single pixels are checked when they are read.
 */
public final class DatasetCheck {
  private static final String REMEDY =
      "Labels are single-channel PNGs of the size of their image, whose values are indices (in a folder of your own, or RGB "
          + "in the colours of classes.json): take these files from the dataset anew, or move the images and their labels away";

  private DatasetCheck() {}

  /**
   * Reads the headers of all images and labels.
   *
   * @throws BadInputException if there are files that are no images, labels of another size than
   *     their image, stored lossily, or with several channels that are not colours of classes; the
   *     message lists them all
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static void run(Dataset dataset, int threads, Progress progress) {
    SortedMap<Long, String> found = new ConcurrentSkipListMap<>();
    try (Progress.Task task = progress.start("check", dataset.samples().size(), "images")) {
      Parallel.forEach(
          threads,
          dataset.samples().size(),
          i -> {
            progress.checkCancelled();
            problem(dataset.samples().get((int) i), dataset.readsColors())
                .ifPresent(text -> found.put(i, text));
            task.advance(1);
          });
    }
    Problems problems = new Problems();
    problems.addAll(found.values());
    problems.requireNone("split '%s' of %s".formatted(dataset.split(), dataset.name()), REMEDY);
  }

  private static Optional<String> problem(Sample sample, boolean colors) {
    try {
      Images.Header image = Images.header(sample.image());
      Images.Header label = Images.header(sample.label());
      if (label.lossy()) {
        return Optional.of(sample.label() + LabelMap.LOSSY);
      }
      if (label.channels() != 1 && !(colors && label.channels() >= 3)) {
        return Optional.of(
            "%s has %d channels, expected one".formatted(sample.label(), label.channels()));
      }
      if (label.width() != image.width() || label.height() != image.height()) {
        return Optional.of(LabelMap.sizeFault(sample, label.width(), label.height(), image));
      }
      return Optional.empty();
    } catch (BadInputException e) {
      return Optional.of(e.getMessage());
    }
  }
}
