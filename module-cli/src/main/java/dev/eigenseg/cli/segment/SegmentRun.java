package dev.eigenseg.cli.segment;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.cli.input.Inputs;
import dev.eigenseg.cli.input.ViewNotes;
import dev.eigenseg.cli.session.Session;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Segments many images into one folder. */
final class SegmentRun {
  private final Session session;
  private final Segmenter segmenter;
  private final SegmentOptions options;
  private final ViewNotes notes;
  private final SegmentFolder folder;
  private final boolean skip;
  private final boolean overwrite;
  private final AtomicInteger written = new AtomicInteger();
  private final AtomicInteger present = new AtomicInteger();

  SegmentRun(
      Session session,
      Segmenter segmenter,
      SegmentOptions options,
      SegmentFolder folder,
      boolean skip,
      boolean overwrite) {
    this.session = session;
    this.segmenter = segmenter;
    this.options = options;
    notes = new ViewNotes(session, segmenter.info(), options);
    this.folder = folder;
    this.skip = skip;
    this.overwrite = overwrite;
  }

  int written() {
    return written.get();
  }

  int present() {
    return present.get();
  }

  /**
   * Segments the images whose results are not there; every result that was begun is finished, also
   * on an interrupt.
   */
  SegmentRun all(SequencedMap<String, Inputs.Input> stems) throws IOException {
    List<Map.Entry<String, Inputs.Input>> images = List.copyOf(stems.entrySet());
    try (Progress.Task task = session.progress().start("segment", images.size(), "images")) {
      Parallel.forEach(
          session.threads(),
          images.size(),
          i -> {
            session.progress().checkCancelled();
            one(images.get((int) i).getKey(), images.get((int) i).getValue());
            task.advance(1);
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return this;
  }

  private void one(String stem, Inputs.Input input) {
    try {
      // Looked up before the image is read: one that changes meanwhile is not taken for done later.
      Optional<SegmentRecord.Origin> origin = folder.origin(stem, input.path());
      if (!overwrite && origin.filter(folder::holds).isPresent()) {
        present.incrementAndGet();
        return;
      }
      BufferedImage image = segmenter.info().geometry().read(input.path());
      notes.look(input.path(), image.getWidth(), image.getHeight());
      folder.write(origin.orElseThrow(), segmenter.segment(image, options), image);
      written.incrementAndGet();
    } catch (BadInputException e) {
      if (!skip) {
        throw e;
      }
      session.skip(input.path().toString(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
