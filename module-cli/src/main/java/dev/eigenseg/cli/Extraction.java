package dev.eigenseg.cli;

import dev.eigenseg.api.Backbone;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.AugmentedView;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Puts images into a bank: several at a time, appended in their order. */
final class Extraction {
  // Enough that no thread waits long for the slowest image of a group, few enough to lose little on
  // an interrupt.
  private static final int IMAGES_PER_THREAD = 4;

  private final Session session;
  private final Backbone backbone;
  private final ImageGeometry geometry;
  private final BankViews views;
  private final FeatureBankWriter writer;
  private final boolean skip;

  Extraction(
      Session session,
      Backbone backbone,
      ImageGeometry geometry,
      BankViews views,
      FeatureBankWriter writer,
      boolean skip) {
    this.session = session;
    this.backbone = backbone;
    this.geometry = geometry;
    this.views = views;
    this.writer = writer;
    this.skip = skip;
  }

  /** Appends the images that are not in the bank yet, and finishes the bank whatever happens. */
  void run(List<Inputs.Input> images) throws IOException {
    List<String> missing =
        images.stream()
            .map(i -> i.path().toString())
            .filter(path -> !missingViews(path).isEmpty())
            .toList();
    if (missing.size() < images.size()) {
      session.say(
          "%d of %d images are in the bank already"
              .formatted(images.size() - missing.size(), images.size()));
    }
    try {
      session.stage(
          "extract",
          () -> {
            appendAll(missing);
            return writer;
          });
    } catch (IOException | RuntimeException | Error e) {
      finishAfter(e);
      throw e;
    }
    session.stage(
        "finish",
        () -> {
          writer.finish(session.progress());
          return writer;
        });
  }

  // An interrupt may have left some views of an image.
  private List<Integer> missingViews(String path) {
    return views.numbers().filter(view -> !writer.contains(path, view)).boxed().toList();
  }

  // What was appended before a failure or an interrupt stays a valid bank.
  private void finishAfter(Throwable failure) {
    if (writer.images().isEmpty()) {
      return;
    }
    try {
      writer.finish(Progress.NONE);
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private void appendAll(List<String> paths) throws IOException {
    int group = session.threads() * Math.ceilDiv(IMAGES_PER_THREAD, views.count());
    try (Progress.Task task = session.progress().start("extract", paths.size(), "images")) {
      for (int first = 0; first < paths.size(); first += group) {
        appendGroup(paths.subList(first, Math.min(first + group, paths.size())), task);
      }
    }
  }

  private void appendGroup(List<String> paths, Progress.Task task) throws IOException {
    List<Extracted> group = paths.stream().map(Extracted::new).toList();
    try {
      Parallel.forEach(
          session.threads(),
          group.size(),
          i -> {
            if (!session.progress().cancelled()) {
              group.get((int) i).extract();
              task.advance(1);
            }
          });
      for (Extracted image : group) {
        if (!image.attempted) {
          session.progress().checkCancelled(); // left out only after a wish to stop
        }
        append(image);
      }
    } finally {
      Closing.all(group, Extracted::close);
    }
  }

  // Failures wait until it is their image's turn: the images before it are kept, whichever thread
  // was faster.
  private void append(Extracted image) throws IOException {
    try {
      image.appendTo(writer);
    } catch (BadInputException e) {
      if (!skip) {
        throw e;
      }
      session.skip(image.path, e);
    }
  }

  /** Owns the features of one view. */
  private record ExtractedView(
      int number, int width, int height, PatchFeatures features, Tensor colors)
      implements AutoCloseable {
    @Override
    public void close() {
      try (features;
          colors) {
        // Both are closed, even if one fails.
      }
    }
  }

  /**
   * Owns the features of one image's missing views, or remembers why there are none. Filled by one
   * thread, emptied by another after it.
   */
  private final class Extracted implements AutoCloseable {
    private final String path;
    private final List<ExtractedView> extracted = new ArrayList<>();
    private boolean attempted;
    private Optional<RuntimeException> failure = Optional.empty();

    Extracted(String path) {
      this.path = path;
    }

    void extract() {
      attempted = true;
      try {
        BufferedImage image = Images.read(Path.of(path));
        for (int number : missingViews(path)) {
          extracted.add(number == ImageEntry.PLAIN ? plain(image) : augmented(image, number));
        }
      } catch (RuntimeException e) {
        failure = Optional.of(e);
      }
    }

    private ExtractedView plain(BufferedImage image) {
      try (Tensor pixels = geometry.pixels(image)) {
        return of(ImageEntry.PLAIN, image.getWidth(), image.getHeight(), pixels);
      }
    }

    private ExtractedView augmented(BufferedImage image, int number) {
      AugmentedView view = views.view(geometry, image.getWidth(), image.getHeight(), path, number);
      try (Tensor pixels = view.pixels(image)) {
        return of(number, view.width(), view.height(), pixels);
      }
    }

    private ExtractedView of(int number, int width, int height, Tensor pixels) {
      PatchFeatures features = backbone.extract(pixels);
      try {
        return new ExtractedView(number, width, height, features, geometry.patchColors(pixels));
      } catch (RuntimeException | Error e) {
        features.close();
        throw e;
      }
    }

    void appendTo(FeatureBankWriter bank) throws IOException {
      if (failure.isPresent()) {
        throw failure.get();
      }
      for (ExtractedView view : extracted) {
        bank.append(
            path, view.number(), view.width(), view.height(), view.features(), view.colors());
      }
    }

    @Override
    public void close() {
      Closing.all(extracted, ExtractedView::close);
    }
  }
}
