package dev.eigenseg.train;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.kernel.Parallel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** All images of a bank, several at a time. */
final class BankImages {
  private BankImages() {}

  /** What is done with an image; called by several threads. */
  interface Work {
    /** Looks at an image's features, which are borrowed. */
    void look(ImageEntry image, PatchFeatures features);
  }

  /**
   * Reads the features of every image, in no order.
   *
   * @param bank borrowed
   * @param task what progress calls it; it counts images, and may end this
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  static void forEach(FeatureBank bank, String task, int threads, Progress progress, Work work)
      throws IOException {
    List<ImageEntry> images = bank.images();
    try (Progress.Task looked = progress.start(task, images.size(), "images")) {
      Parallel.forEach(
          threads,
          images.size(),
          index -> {
            progress.checkCancelled();
            ImageEntry image = images.get((int) index);
            try (PatchFeatures features = bank.features(image)) {
              work.look(image, features);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            looked.advance(1);
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
