package dev.eigenseg.cli.segment;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.file.ImageFailure;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.cli.input.Inputs;
import dev.eigenseg.cli.input.ViewNotes;
import dev.eigenseg.cli.session.Session;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.SequencedMap;
import java.util.concurrent.ConcurrentLinkedQueue;
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
    Queue<Map.Entry<String, Inputs.Input>> crowded = new ConcurrentLinkedQueue<>();
    try (Progress.Task task = session.progress().start("segment", images.size(), "images")) {
      Parallel.forEach(
          session.threads(),
          images.size(),
          i -> {
            session.progress().checkCancelled();
            if (one(images.get((int) i), false)) {
              task.advance(1);
            } else {
              crowded.add(images.get((int) i));
            }
          });
      for (Map.Entry<String, Inputs.Input> image : crowded) {
        session.progress().checkCancelled();
        one(image, true);
        task.advance(1);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return this;
  }

  // False if there was no memory beside the images that others work on: it is tried again alone.
  private boolean one(Map.Entry<String, Inputs.Input> image, boolean alone) {
    Path file = image.getValue().path();
    try {
      // Looked up before the image is read: one that changes meanwhile is not taken for done later.
      Optional<SegmentRecord.Origin> origin = folder.origin(image.getKey(), file);
      if (!overwrite && origin.filter(folder::holds).isPresent()) {
        present.incrementAndGet();
        return true;
      }
      BufferedImage pixels = read(file);
      folder.write(origin.orElseThrow(), segment(file, pixels), pixels);
      written.incrementAndGet();
    } catch (BadInputException | OutOfMemoryError e) {
      if (!alone && ImageFailure.isMemory(e)) {
        return false;
      }
      BadInputException reason = ImageFailure.of(file, e);
      if (!skip) {
        throw reason;
      }
      session.skip(file.toString(), reason);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return true;
  }

  private BufferedImage read(Path file) {
    try {
      BufferedImage pixels = segmenter.info().geometry().read(file);
      notes.look(file, pixels.getWidth(), pixels.getHeight());
      return pixels;
    } catch (RuntimeException | StackOverflowError e) {
      throw ImageFailure.of(file, e);
    }
  }

  private Segmentation segment(Path file, BufferedImage pixels) {
    try {
      return segmenter.segment(pixels, options);
    } catch (RuntimeException | StackOverflowError e) {
      throw ImageFailure.of(file, e);
    }
  }
}
