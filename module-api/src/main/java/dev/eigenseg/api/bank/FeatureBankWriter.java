package dev.eigenseg.api.bank;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
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
  private final FileChannel journal;
  private final Map<Level, LevelWriter> levels = new EnumMap<>(Level.class);
  private final RowStager stager;
  private final List<ImageJournal.Line> lines = new ArrayList<>();
  private final Set<Look> looks = new HashSet<>();
  private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
  private long journalBytes;
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
      FileChannel journal) {
    this.directory = directory;
    this.settings = settings;
    this.provenance = provenance;
    this.fileBytes = fileBytes;
    this.journal = journal;
    for (Level level : Level.values()) {
      levels.put(level, new LevelWriter(LevelLayout.of(level, settings, fileBytes), directory));
    }
    this.stager = new RowStager();
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
    Path journalPath = directory.resolve(ImageJournal.FILE_NAME);
    // First of all, so that no two writers read or write the manifest at the same time.
    FileChannel journal = openLocked(directory, journalPath);
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
      writer.resume(journalPath, existing.flatMap(ManifestFile::summary));
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
      FileChannel journal)
      throws IOException {
    Optional<ManifestFile> existing = ManifestFile.read(directory);
    if (existing.isPresent()) {
      refuseOtherSettings(directory, existing.get().settings(), settings);
    } else if (journal.size() > 0) {
      // The manifest is written before the first byte of the journal.
      throw new CorruptFileException(
          directory.resolve(ManifestFile.FILE_NAME)
              + ": missing; restore the file, or extract again with --overwrite");
    } else {
      new ManifestFile(settings, fileBytes, Optional.empty(), provenance).write(directory);
    }
    return existing;
  }

  @SuppressWarnings("MustBeClosedChecker")
  private static FileChannel openLocked(Path directory, Path path) throws IOException {
    FileChannel channel =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new UnavailableException(
            directory + ": another process is writing to this bank; wait until it has ended");
      }
      return channel;
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw new UnavailableException(
          directory + ": this process is writing to this bank already; close the other writer", e);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static void refuseOtherSettings(Path directory, BankSettings bank, BankSettings run) {
    String[][] compared = {
      {"backbone", bank.backboneId(), run.backboneId()},
      {"backbone's SHA-256", bank.backboneSha256(), run.backboneSha256()},
      {
        "backbone's settings",
        new TreeMap<>(bank.backboneSettings()).toString(),
        new TreeMap<>(run.backboneSettings()).toString()
      },
      {"backbone's channels", bank.dims().toString(), run.dims().toString()},
      {"--dtype", bank.dtype().toString(), run.dtype().toString()},
      {"--size", describeSize(bank.geometry()), describeSize(run.geometry())},
      {
        "patch size",
        Integer.toString(bank.geometry().patchSize()),
        Integer.toString(run.geometry().patchSize())
      },
      {"--bands", describeBands(bank.geometry()), describeBands(run.geometry())},
      {"--views", describeViews(bank), describeViews(run)}
    };
    for (String[] setting : compared) {
      if (!setting[1].equals(setting[2])) {
        throw new IncompatibleException(
            "%s: the bank's %s is %s, this run's is %s; use the bank's settings, another folder, or --overwrite"
                .formatted(directory, setting[0], setting[1], setting[2]));
      }
    }
  }

  private static String describeSize(ImageGeometry geometry) {
    return geometry.resize().map(ImageGeometry.Size::toString).orElse("each image's own");
  }

  private static String describeBands(ImageGeometry geometry) {
    return geometry.bands().map(Images.Bands::toString).orElse("those of the image as it is shown");
  }

  private static String describeViews(BankSettings settings) {
    return settings.views().isEmpty() ? "1" : new TreeMap<>(settings.views()).toString();
  }

  /** Finds the whole images, and cuts everything else off. */
  private void resume(Path journalPath, Optional<ManifestFile.Summary> finished)
      throws IOException {
    byte[] bytes = readJournal();
    ImageJournal.Parsed parsed = ImageJournal.parse(journalPath, bytes, Integer.MAX_VALUE);
    int promised = finished.map(ManifestFile.Summary::images).orElse(0);
    if (promised > parsed.lines().size()) {
      // A finished bank's lines were forced before its manifest, so no crash has taken them. The
      // rows may be good: nothing is cut off.
      throw new CorruptFileException(
          "%s: offset %d: %d whole lines, but the manifest says %d images; restore the file, or extract again with --overwrite"
              .formatted(journalPath, parsed.bytes(), parsed.lines().size(), promised));
    }
    long committed = parsed.lines().isEmpty() ? 0 : parsed.lines().getLast().endRow();
    long available = committed;
    for (LevelWriter level : levels.values()) {
      available = Math.min(available, level.available(committed));
    }
    journalBytes = ImageJournal.HEADER.length;
    for (ImageJournal.Line line : wholeImages(parsed.lines(), available)) {
      remember(line);
      journalBytes += ImageJournal.format(line).length;
    }
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
    if (!Arrays.equals(
        bytes,
        0,
        Math.min(bytes.length, ImageJournal.HEADER.length),
        ImageJournal.HEADER,
        0,
        ImageJournal.HEADER.length)) {
      LevelWriter.writeFully(journal, ByteBuffer.wrap(ImageJournal.HEADER), 0);
    }
    journal.truncate(journalBytes);
    journal.force(true);
    truncateLevels();
  }

  /**
   * The images whose rows are there. Not every disk forces what it says it does, so the rows of the
   * last images may be there in length alone: checksums are compared backwards up to the first
   * image that is intact.
   */
  private List<ImageJournal.Line> wholeImages(List<ImageJournal.Line> committed, long available)
      throws IOException {
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

  // Through the locked channel: closing a second one would end the lock, as POSIX has it.
  private byte[] readJournal() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(journal.size()));
    int read;
    do {
      read = journal.read(bytes, bytes.position());
    } while (read > 0);
    return Arrays.copyOf(bytes.array(), bytes.position());
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
  public synchronized void append(
      String path, int view, int width, int height, PatchFeatures features, Tensor patchColors)
      throws IOException {
    ensureOpen();
    refuseMisfits(path, view, width, height, features, patchColors);
    long firstRow = rows();
    if (firstRow + features.patches() >= MOST_ROWS) {
      throw new BadInputException(
          "%s: bank %s would have %d patches, at most %d fit; split the images into several banks"
              .formatted(path, directory, firstRow + features.patches(), MOST_ROWS - 1));
    }
    float[] inverseNorms = new float[features.patches()];
    Map<Level, ImageJournal.Block> blocks = new EnumMap<>(Level.class);
    blocks.put(Level.LOW, stager.write(level(Level.LOW), firstRow, features.low(), path));
    blocks.put(Level.MID, stager.write(level(Level.MID), firstRow, features.mid(), path));
    blocks.put(
        Level.HIGH, stager.write(level(Level.HIGH), firstRow, features.high(), path, inverseNorms));
    try (Tensor norms = Tensor.of(inverseNorms, features.patches(), 1)) {
      blocks.put(
          Level.INVERSE_NORMS, stager.write(level(Level.INVERSE_NORMS), firstRow, norms, path));
    }
    blocks.put(Level.PIXELS, stager.write(level(Level.PIXELS), firstRow, patchColors, path));
    ImageJournal.Line line =
        new ImageJournal.Line(
            new ImageEntry(
                lines.size(),
                path,
                view,
                width,
                height,
                features.gridRows(),
                features.gridColumns(),
                firstRow),
            blocks);
    remember(line);
    pending.writeBytes(ImageJournal.format(line));
    if (System.nanoTime() - lastCommit > COMMIT_NANOS) {
      commit(Progress.Task.NONE);
    }
  }

  private void refuseMisfits(
      String path, int view, int width, int height, PatchFeatures features, Tensor patchColors) {
    if (contains(path, view)) {
      throw new IllegalArgumentException(
          "%s is in bank %s already, view %d".formatted(path, directory, view));
    }
    ImageGeometry geometry =
        view == ImageEntry.PLAIN ? settings.geometry() : settings.geometry().withoutResize();
    if (features.gridRows() != geometry.gridRows(width, height)
        || features.gridColumns() != geometry.gridColumns(width, height)) {
      throw new IllegalArgumentException(
          "%s: %d x %d patches, but %d x %d pixels make %d x %d under the bank's geometry"
              .formatted(
                  path,
                  features.gridRows(),
                  features.gridColumns(),
                  width,
                  height,
                  geometry.gridRows(width, height),
                  geometry.gridColumns(width, height)));
    }
    refuseShape(path, features.low(), features.patches(), settings.dims().low());
    refuseShape(path, features.mid(), features.patches(), settings.dims().mid());
    refuseShape(path, features.high(), features.patches(), settings.dims().high());
    refuseShape(path, patchColors, features.patches(), 3);
  }

  private static void refuseShape(String path, Tensor tensor, long rows, int dim) {
    if (tensor.dtype() != DType.F32
        || tensor.rank() != 2
        || tensor.size(0) != rows
        || tensor.size(1) != dim) {
      throw new IllegalArgumentException(
          "%s: expected float32 [%d, %d], found %s".formatted(path, rows, dim, tensor));
    }
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
    try (Progress.Task task = progress.start("finish", levels.size(), "files")) {
      commit(task);
    }
    truncateLevels();
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
        truncateLevels();
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
    List<AutoCloseable> owned = new ArrayList<>(levels.values());
    owned.add(stager);
    owned.add(journal);
    for (AutoCloseable resource : owned) {
      try {
        resource.close();
      } catch (Exception e) {
        failure.addSuppressed(e);
      }
    }
  }

  private void remember(ImageJournal.Line line) {
    lines.add(line);
    looks.add(new Look(line.image().path(), line.image().view()));
  }

  private long rows() {
    return lines.isEmpty() ? 0 : lines.getLast().endRow();
  }

  private LevelWriter level(Level level) {
    return levels.get(level);
  }

  private void commit(Progress.Task task) throws IOException {
    try {
      forceAll(task);
    } catch (IOException e) {
      // Systems report lost writes once: a second attempt could succeed without them.
      failed = true;
      throw new IOException(
          "writing bank %s failed: %s; what was committed is kept: make room and run the same command again"
              .formatted(directory, e),
          e);
    }
  }

  private void forceAll(Progress.Task task) throws IOException {
    for (LevelWriter level : levels.values()) {
      level.force();
      task.advance(1);
    }
    if (pending.size() > 0) {
      LevelWriter.writeFully(journal, ByteBuffer.wrap(pending.toByteArray()), journalBytes);
      journal.force(true);
      journalBytes += pending.size();
      pending.reset();
    }
    lastCommit = System.nanoTime();
  }

  // An image that was refused half way may have left rows behind the last whole one.
  private void truncateLevels() throws IOException {
    for (LevelWriter level : levels.values()) {
      level.truncate(rows());
    }
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
