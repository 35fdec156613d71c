package dev.eigenseg.api.bank;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Owns the files of a bank that is being written. Images are appended in the caller's order; after
 * a crash the same calls continue after the last image that was committed, and the bank ends with
 * the same bytes. Thread-safe, though the order is the caller's.
 *
 * <p>Committing means: rows forced to disk first, then the image's line in {@code images.tsv}. That
 * happens every two seconds, in {@link #finish} and in {@link #close}; a crash loses no more.
 */
public final class FeatureBankWriter implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger(FeatureBankWriter.class.getName());
  private static final long COMMIT_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** Patch ids are unsigned 32-bit numbers. */
  private static final long MOST_ROWS = 1L << 32;

  private final Path directory;
  private final BankSettings settings;
  private final Provenance provenance;
  private final long fileBytes;
  private final JournalFile journal;
  private final LevelFiles levels;
  private final List<ImageJournal.Line> lines = new ArrayList<>();
  private final Set<Look> looks = new HashSet<>();
  private long lastCommit = System.nanoTime();
  private boolean failed;
  private boolean closed;

  /** What is in a bank but once. */
  private record Look(String path, int view) {}

  private FeatureBankWriter(
      Path directory,
      BankSettings settings,
      Provenance provenance,
      long fileBytes,
      JournalFile journal) {
    this.directory = directory;
    this.settings = settings;
    this.provenance = provenance;
    this.fileBytes = fileBytes;
    this.journal = journal;
    this.levels = new LevelFiles(directory, settings, fileBytes);
  }

  /**
   * Creates a bank, or continues one.
   *
   * @param directory of the bank; created if missing
   * @param settings of its features; when continuing, equal to the bank's
   * @param provenance written with the manifest by {@link #finish}
   * @throws IncompatibleException if the bank has other settings; the message names the first that
   *     differs
   * @throws UnavailableException if another writer has the bank open
   * @throws CorruptFileException if an existing bank is damaged in a way that no crash leaves
   *     behind
   */
  public static FeatureBankWriter open(Path directory, BankSettings settings, Provenance provenance)
      throws IOException {
    return open(directory, settings, provenance, LevelLayout.FILE_BYTES);
  }

  static FeatureBankWriter open(
      Path directory, BankSettings settings, Provenance provenance, long fileBytes)
      throws IOException {
    Files.createDirectories(directory);
    // First of all, so that no two writers read or write the manifest at the same time.
    JournalFile journal = JournalFile.open(directory);
    FeatureBankWriter writer;
    Optional<ManifestFile> existing;
    try {
      existing = readOrCreateManifest(directory, settings, provenance, fileBytes, journal);
      writer =
          new FeatureBankWriter(
              directory,
              settings,
              provenance,
              existing.map(ManifestFile::fileBytes).orElse(fileBytes),
              journal);
    } catch (IOException | RuntimeException | Error e) {
      journal.close();
      throw e;
    }
    try {
      writer.resume(existing.flatMap(ManifestFile::summary));
      return writer;
    } catch (IOException | RuntimeException | Error e) {
      writer.release(e);
      throw e;
    }
  }

  /** The manifest of a bank that is continued; empty if there was none and one was made. */
  private static Optional<ManifestFile> readOrCreateManifest(
      Path directory,
      BankSettings settings,
      Provenance provenance,
      long fileBytes,
      JournalFile journal)
      throws IOException {
    Optional<ManifestFile> existing = ManifestFile.read(directory);
    if (existing.isPresent() && neverFilled(existing.get(), journal)) {
      // What a run left that was killed before its first image; its settings bind nobody.
      new ManifestFile(settings, fileBytes, Optional.empty(), provenance).write(directory);
      return Optional.empty();
    }
    if (existing.isPresent()) {
      SettingsDifference.refuse(directory, existing.get().settings(), settings);
    } else if (!journal.isEmpty()) {
      // The manifest is written before the first byte of the journal.
      throw new CorruptFileException(
          directory.resolve(ManifestFile.FILE_NAME)
              + ": missing; restore the file, or extract again with --overwrite");
    } else {
      new ManifestFile(settings, fileBytes, Optional.empty(), provenance).write(directory);
    }
    return existing;
  }

  private static boolean neverFilled(ManifestFile found, JournalFile journal) throws IOException {
    return found.summary().isEmpty()
        && ImageJournal.parse(journal.path(), journal.read(), Integer.MAX_VALUE).lines().isEmpty();
  }

  /** Finds the whole images, and cuts everything else off. */
  private void resume(Optional<ManifestFile.Summary> finished) throws IOException {
    byte[] found = journal.read();
    ImageJournal.Parsed parsed = ImageJournal.parse(journal.path(), found, Integer.MAX_VALUE);
    int promised = finished.map(ManifestFile.Summary::images).orElse(0);
    if (promised > parsed.lines().size()) {
      // A finished bank's lines were forced before its manifest, so no crash has taken them. The
      // rows may be good: nothing is cut off.
      throw new CorruptFileException(
          "%s: offset %d: %d whole lines, but the manifest says %d images; restore the file, or extract again with --overwrite"
              .formatted(journal.path(), parsed.bytes(), parsed.lines().size(), promised));
    }
    levels.wholeImages(parsed.lines()).forEach(this::remember);
    if (lines.size() < parsed.lines().size()) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "{0}: only the first {1} images are whole; those after them must be extracted again",
          directory,
          lines.size());
    }
    if (promised > lines.size()) {
      // The manifest promises images whose rows are lost, so it must not be believed until finish.
      new ManifestFile(settings, fileBytes, Optional.empty(), provenance).write(directory);
    }
    journal.keep(found, lines);
    cutRest();
  }

  /** Whether an image is in the bank already. */
  public boolean contains(String path) {
    return contains(path, ImageEntry.PLAIN);
  }

  /** Whether a view of an image is in the bank already. */
  public synchronized boolean contains(String path, int view) {
    return looks.contains(new Look(path, view));
  }

  /** The images so far. */
  public synchronized List<ImageEntry> images() {
    return lines.stream().map(ImageJournal.Line::image).toList();
  }

  /**
   * Appends an image as it is; see {@link #append(String, int, int, int, PatchFeatures, Tensor)}.
   */
  public void append(String path, int width, int height, PatchFeatures features, Tensor patchColors)
      throws IOException {
    append(path, ImageEntry.PLAIN, width, height, features, patchColors);
  }

  /**
   * Appends an image, or a view of one. If it is refused, the bank stays as it was.
   *
   * @param path where the image was read from
   * @param view {@link ImageEntry#view}; not in the bank yet for this path. Views beyond the plain
   *     image are not resized to the bank's size
   * @param width pixels of the image, or of the view
   * @param height likewise
   * @param features of the image; borrowed
   * @param patchColors its colours on the patch grid, float32, {@code [patches, 3]}; borrowed
   * @throws BadInputException if a value is not finite, or too large for float16; the message names
   *     image and patch
   * @throws IOException if writing fails; what was committed before is kept
   */
  public void append(
      String path, int view, int width, int height, PatchFeatures features, Tensor patchColors)
      throws IOException {
    appendLine(path, view, width, height, features, patchColors);
  }

  /** Appends likewise, and gives what the list of images will say. */
  synchronized ImageJournal.Line appendLine(
      String path, int view, int width, int height, PatchFeatures features, Tensor patchColors)
      throws IOException {
    ensureOpen();
    if (contains(path, view)) {
      throw new IllegalArgumentException(
          "%s is in bank %s already, view %d".formatted(path, directory, view));
    }
    NewImage image = new NewImage(path, view, width, height, features, patchColors);
    image.requireFit(settings);
    long firstRow = rows();
    if (firstRow + features.patches() >= MOST_ROWS) {
      throw new BadInputException(
          "%s: bank %s would have %d patches, at most %d fit; split the images into several banks"
              .formatted(path, directory, firstRow + features.patches(), MOST_ROWS - 1));
    }
    ImageJournal.Line line =
        new ImageJournal.Line(image.entry(lines.size(), firstRow), levels.write(firstRow, image));
    remember(line);
    journal.add(line);
    if (System.nanoTime() - lastCommit > COMMIT_NANOS) {
      commit(Progress.Task.NONE);
    }
    return line;
  }

  /**
   * Makes what was appended a valid bank: commits it, computes the scales and writes the manifest.
   * Never cancelled, since it is what keeps finished work. More may be appended and finished
   * afterwards.
   *
   * @throws BadInputException if the bank holds no image
   */
  public synchronized void finish(Progress progress) throws IOException {
    ensureOpen();
    if (lines.isEmpty()) {
      throw new BadInputException(
          directory + ": the bank holds no image; give extract at least one that can be read");
    }
    try (Progress.Task task = progress.start("finish", levels.count(), "files")) {
      commit(task);
    }
    cutRest();
    ManifestFile.Summary summary =
        new ManifestFile.Summary(
            lines.size(),
            rows(),
            BankScales.scale(lines, Level.LOW, settings.dims().low()),
            BankScales.scale(lines, Level.MID, settings.dims().mid()),
            BankScales.scale(lines, Level.HIGH, settings.dims().high()));
    new ManifestFile(settings, fileBytes, Optional.of(summary), provenance).write(directory);
  }

  /**
   * Commits what was appended, unless committing has failed before, and closes the files; without
   * {@link #finish} the bank can be continued but not opened.
   */
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (!failed) {
        commit(Progress.Task.NONE);
        cutRest();
      }
    } catch (IOException | RuntimeException e) {
      release(e);
      throw e;
    }
    IOException failure = new IOException("closing bank " + directory + " failed");
    release(failure);
    if (failure.getSuppressed().length > 0) {
      throw failure;
    }
  }

  /** Frees everything; failures are added to the given one. */
  private void release(Throwable failure) {
    closed = true;
    levels.closeAfter(failure);
    Closing.after(failure, journal);
  }

  private void remember(ImageJournal.Line line) {
    lines.add(line);
    looks.add(new Look(line.image().path(), line.image().view()));
  }

  private long rows() {
    return lines.isEmpty() ? 0 : lines.getLast().endRow();
  }

  private void commit(Progress.Task task) throws IOException {
    try {
      levels.force(task);
      journal.commit();
      lastCommit = System.nanoTime();
    } catch (IOException e) {
      // Systems report lost writes once: a second attempt could succeed without them.
      failed = true;
      throw new IOException(
          "writing bank %s failed: %s; what was committed is kept: make room and run the same command again"
              .formatted(directory, e),
          e);
    }
  }

  // An image that was refused half way may have left rows behind the last whole one.
  private void cutRest() throws IOException {
    levels.truncate(rows());
  }

  private void ensureOpen() throws IOException {
    if (closed) {
      throw new IllegalStateException("the writer of feature bank " + directory + " is closed");
    }
    if (failed) {
      throw new IOException(
          "writing bank %s has failed before; make room and run the same command again"
              .formatted(directory));
    }
  }
}
