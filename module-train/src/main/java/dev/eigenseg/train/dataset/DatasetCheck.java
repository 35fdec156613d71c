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
      "Labels are single-channel PNGs of the size of their image, whose values are indices, not "
          + "colours: take these files from the dataset anew, or move the images and their "
          + "labels away";

  private DatasetCheck() {}

  /**
   * Reads the headers of all images and labels.
   *
   * @throws BadInputException if there are files that are no images, labels of another size than
   *     their image, or labels with several channels; the message lists them all
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
            problem(dataset.samples().get((int) i)).ifPresent(text -> found.put(i, text));
            task.advance(1);
          });
    }
    Problems problems = new Problems();
    problems.addAll(found.values());
    problems.requireNone("split '%s' of %s".formatted(dataset.split(), dataset.name()), REMEDY);
  }

  private static Optional<String> problem(Sample sample) {
    try {
      Images.Header image = Images.header(sample.image());
      Images.Header label = Images.header(sample.label());
      if (label.channels() != 1) {
        return Optional.of(
            "%s has %d channels, expected one".formatted(sample.label(), label.channels()));
      }
      if (label.width() != image.width() || label.height() != image.height()) {
        return Optional.of(
            "%s is %d x %d pixels, its image %s is %d x %d"
                .formatted(
                    sample.label(),
                    label.width(),
                    label.height(),
                    sample.image(),
                    image.width(),
                    image.height()));
      }
      return Optional.empty();
    } catch (BadInputException e) {
      return Optional.of(e.getMessage());
    }
  }
}
