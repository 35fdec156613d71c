package dev.eigenseg.api.bank;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Owns the files of all levels of a bank that is being written, until {@link #closeAfter}. Not
 * thread-safe.
 */
final class LevelFiles {
  private final Path directory;
  private final Map<Level, LevelWriter> levels = new EnumMap<>(Level.class);
  private final RowStager stager;

  LevelFiles(Path directory, BankSettings settings, long fileBytes) {
    this.directory = directory;
    for (Level level : Level.values()) {
      levels.put(level, new LevelWriter(LevelLayout.of(level, settings, fileBytes), directory));
    }
    this.stager = new RowStager();
  }

  int count() {
    return levels.size();
  }

  /** Writes the rows of an image, from a row on. */
  Map<Level, ImageJournal.Block> write(long firstRow, NewImage image) throws IOException {
    String path = image.path();
    float[] inverseNorms = new float[image.features().patches()];
    Map<Level, ImageJournal.Block> blocks = new EnumMap<>(Level.class);
    blocks.put(
        Level.LOW, stager.write(levels.get(Level.LOW), firstRow, image.features().low(), path));
    blocks.put(
        Level.MID, stager.write(levels.get(Level.MID), firstRow, image.features().mid(), path));
    blocks.put(
        Level.HIGH,
        stager.write(
            levels.get(Level.HIGH), firstRow, image.features().high(), path, inverseNorms));
    try (Tensor norms = Tensor.of(inverseNorms, inverseNorms.length, 1)) {
      blocks.put(
          Level.INVERSE_NORMS,
          stager.write(levels.get(Level.INVERSE_NORMS), firstRow, norms, path));
    }
    blocks.put(
        Level.PIXELS, stager.write(levels.get(Level.PIXELS), firstRow, image.patchColors(), path));
    return blocks;
  }

  /**
   * The images whose rows are there. Not every disk forces what it says it does, so the rows of the
   * last images may be there in length alone: checksums are compared backwards up to the first
   * image that is intact.
   */
  List<ImageJournal.Line> wholeImages(List<ImageJournal.Line> committed) throws IOException {
    long rows = committed.isEmpty() ? 0 : committed.getLast().endRow();
    long available = rows;
    for (LevelWriter level : levels.values()) {
      available = Math.min(available, level.available(rows));
    }
    List<ImageJournal.Line> whole = new ArrayList<>(committed);
    while (!whole.isEmpty()
        && (whole.getLast().endRow() > available || !intact(whole.getLast(), available))) {
      whole.removeLast();
    }
    return whole;
  }

  private boolean intact(ImageJournal.Line line, long available) throws IOException {
    for (Map.Entry<Level, LevelWriter> level : levels.entrySet()) {
      LevelRows rows = new LevelRows(level.getValue().layout(), directory, available, () -> {});
      ImageEntry image = line.image();
      if (rows.crc(image.firstRow(), image.patches()) != line.block(level.getKey()).crc()) {
        return false;
      }
    }
    return true;
  }

  /** Returns when the disk has what was written. */
  void force(Progress.Task task) throws IOException {
    for (LevelWriter level : levels.values()) {
      level.force();
      task.advance(1);
    }
  }

  /** Leaves the first {@code rows} rows of each level and nothing else. */
  void truncate(long rows) throws IOException {
    for (LevelWriter level : levels.values()) {
      level.truncate(rows);
    }
  }

  /** Frees everything; failures are suppressed in the given one. */
  void closeAfter(Throwable failure) {
    Closing.after(failure, levels.values());
    Closing.after(failure, stager);
  }
}
