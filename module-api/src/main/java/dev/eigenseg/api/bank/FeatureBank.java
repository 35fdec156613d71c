package dev.eigenseg.api.bank;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Owns a feature bank that is open for reading: the patch features of an image collection, read
 * through windows that are mapped for a call and unmapped again, so that a bank may be far larger
 * than memory. Thread-safe.
 */
public final class FeatureBank implements AutoCloseable {
  private static final Pattern OWN_FILES =
      Pattern.compile(
          "manifest\\.json|images\\.tsv|\\.manifest\\.json\\..*\\.tmp|\\.[0-9a-f]{16}\\.tmp"
              + "|(low|mid|high|inverse-norms|pixels)-\\d{5,}\\.bank");

  private final Path directory;
  private final BankManifest manifest;
  private final List<ImageJournal.Line> lines;
  private final List<ImageEntry> images;
  private final Map<Level, LevelRows> levels = new EnumMap<>(Level.class);
  private final long fileBytes;
  private volatile boolean closed;

  private FeatureBank(
      Path directory, BankManifest manifest, long fileBytes, List<ImageJournal.Line> lines) {
    this.directory = directory;
    this.manifest = manifest;
    this.fileBytes = fileBytes;
    this.lines = List.copyOf(lines);
    this.images = lines.stream().map(ImageJournal.Line::image).toList();
    for (Level level : Level.values()) {
      levels.put(level, new LevelRows(layout(level), directory, manifest.rows(), this::ensureOpen));
    }
  }

  /**
   * Opens a finished bank and checks the manifest, the list of images and every file's header
   * against the files' real sizes. While images are being appended to a finished bank, it is opened
   * as it was last finished.
   *
   * @throws BadInputException if there is no finished bank
   * @throws CorruptFileException if something is damaged; the message names file and offset
   */
  public static FeatureBank open(Path directory) throws IOException {
    ManifestFile file =
        ManifestFile.read(directory)
            .orElseThrow(() ->
                new BadInputException(
                    directory + ": there is no feature bank; make one with the extract command"));
    ManifestFile.Summary summary =
        file.summary()
            .orElseThrow(() ->
                new BadInputException(
                    directory
                        + ": this feature bank was never finished; run the same extract command again"));
    FeatureBank bank =
        new FeatureBank(
            directory,
            file.manifest(summary),
            file.fileBytes(),
            readLines(directory, summary.images(), summary.rows()));
    for (LevelRows level : bank.levels.values()) {
      level.checkFiles();
    }
    return bank;
  }

  private static List<ImageJournal.Line> readLines(Path directory, int images, long rows)
      throws IOException {
    Path path = directory.resolve(ImageJournal.FILE_NAME);
    byte[] bytes;
    try {
      bytes = RegularFile.bytes(path);
    } catch (NoSuchFileException e) {
      throw new CorruptFileException(
          path + ": missing; restore the file, or extract again with --overwrite", e);
    }
    ImageJournal.Parsed parsed = ImageJournal.parse(path, bytes, images);
    if (parsed.lines().size() < images) {
      throw new CorruptFileException(
          "%s: offset %d: %d whole lines, expected %d%s"
              .formatted(path, parsed.bytes(), parsed.lines().size(), images, LevelRows.REMEDY));
    }
    long found = parsed.lines().isEmpty() ? 0 : parsed.lines().getLast().endRow();
    if (found != rows) {
      throw new CorruptFileException(
          "%s: %d patches, but the manifest says %d; the files are of different banks: extract again with --overwrite"
              .formatted(path, found, rows));
    }
    return parsed.lines();
  }

  /**
   * Joins shards, which are banks themselves, into one bank: images in the order of their paths,
   * compared byte by byte, and views in that of their numbers. Its data are those of a bank that
   * one extraction made of the images in this order, whatever is in which shard; so is the
   * manifest, if one version of this program on one kind of machine made the shards. It appears
   * whole or not at all.
   *
   * @param shards any number, in any order
   * @param target a directory that does not exist yet
   * @param progress counts images
   * @throws BadInputException if there is no shard, something is at the target already, or an image
   *     is in two shards; the message names them
   * @throws dev.eigenseg.api.IncompatibleException if the shards' settings differ; the message
   *     names two shards and the setting
   * @throws CorruptFileException if a shard is damaged
   */
  public static void merge(List<Path> shards, Path target, Progress progress) throws IOException {
    try (BankMerge merge = BankMerge.open(shards)) {
      merge.write(target, progress);
    }
  }

  /**
   * Deletes a bank's own files, and the directory if nothing else is in it; does nothing if there
   * is none. No reader may have it open.
   *
   * @throws dev.eigenseg.api.UnavailableException if a writer has it open
   */
  public static void delete(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (OutputLock _ = OutputLock.ofFolder(directory)) {
      deleteFiles(directory);
    }
    try {
      Files.delete(directory);
    } catch (DirectoryNotEmptyException e) {
      System.getLogger(FeatureBank.class.getName())
          .log(
              System.Logger.Level.DEBUG,
              "{0} holds other files as well and stays: {1}",
              directory,
              e.getMessage());
    }
  }

  /** Deletes a bank's files and leaves its directory, which exists. */
  static void deleteFiles(Path directory) throws IOException {
    // Without its manifest the rest is no bank any more, should this be interrupted.
    Files.deleteIfExists(directory.resolve(ManifestFile.FILE_NAME));
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        if (OWN_FILES.matcher(file.getFileName().toString()).matches()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /** The directory. */
  public Path directory() {
    return directory;
  }

  /** What the bank says of itself. */
  public BankManifest manifest() {
    return manifest;
  }

  /**
   * What identifies the bank's content: SHA-256 of its list of images, which holds a checksum of
   * every image's features.
   */
  public String identity() throws IOException {
    return Hashes.sha256(directory.resolve(ImageJournal.FILE_NAME));
  }

  /** The images, in order. */
  public List<ImageEntry> images() {
    return images;
  }

  /** The number of patches. */
  public long rows() {
    return manifest.rows();
  }

  /**
   * The rows of one level; float16 is widened. Thread-safe, and usable until the bank is closed,
   * then an {@link IllegalStateException}.
   */
  public FeatureRows level(Level level) {
    return levels.get(level);
  }

  /**
   * The standard deviation of all values of a level over the bank, 1 where it would be 0.
   *
   * @param level low, mid or high
   */
  public float scale(Level level) {
    return switch (level) {
      case LOW -> manifest.lowScale();
      case MID -> manifest.midScale();
      case HIGH -> manifest.highScale();
      case INVERSE_NORMS, PIXELS ->
          throw new IllegalArgumentException(level + " is no level of features");
    };
  }

  /** The features of one image of this bank; the caller owns them. */
  @SuppressWarnings("MustBeClosedChecker")
  public PatchFeatures features(ImageEntry image) throws IOException {
    Tensor low = read(Level.LOW, image);
    try {
      Tensor mid = read(Level.MID, image);
      try {
        return new PatchFeatures(
            image.gridRows(), image.gridColumns(), low, mid, read(Level.HIGH, image));
      } catch (IOException | RuntimeException | Error e) {
        mid.close();
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      low.close();
      throw e;
    }
  }

  /**
   * The colours of one image of this bank on its patch grid, float32, {@code [patches, 3]}; the
   * caller owns them.
   */
  public Tensor patchColors(ImageEntry image) throws IOException {
    return read(Level.PIXELS, image);
  }

  private Tensor read(Level level, ImageEntry image) throws IOException {
    LevelRows rows = levels.get(level);
    Tensor tensor = Tensor.allocate(DType.F32, image.patches(), rows.dim());
    try {
      rows.read(image.firstRow(), image.patches(), tensor.segment());
      return tensor;
    } catch (IOException | RuntimeException | Error e) {
      tensor.close();
      throw e;
    }
  }

  /**
   * Reads every byte and compares the checksums.
   *
   * @throws CorruptFileException at the first image whose rows have changed; the message names file
   *     and offset
   */
  public void verify(Progress progress) throws IOException {
    try (Progress.Task task =
        progress.start("verify", (long) images.size() * levels.size(), "blocks")) {
      for (Map.Entry<Level, LevelRows> level : levels.entrySet()) {
        for (ImageJournal.Line line : lines) {
          progress.checkCancelled();
          verify(level.getKey(), level.getValue(), line);
          task.advance(1);
        }
      }
    }
  }

  private void verify(Level level, LevelRows rows, ImageJournal.Line line) throws IOException {
    ImageEntry image = line.image();
    int expected = line.block(level).crc();
    int found = rows.crc(image.firstRow(), image.patches());
    if (found != expected) {
      LevelLayout layout = layout(level);
      long last = image.firstRow() + image.patches() - 1;
      throw new CorruptFileException(
          ("from %s: offset %d to %s: offset %d: checksum of image %s is %08x, expected %08x; "
                  + "the data have changed: restore them, or extract again with --overwrite")
              .formatted(
                  layout.file(directory, layout.fileOf(image.firstRow())),
                  layout.offsetOf(image.firstRow()),
                  layout.file(directory, layout.fileOf(last)).getFileName(),
                  layout.offsetOf(last) + layout.stride(),
                  image.name(),
                  found,
                  expected));
    }
  }

  private LevelLayout layout(Level level) {
    return LevelLayout.of(level, manifest.settings(), fileBytes);
  }

  private void ensureOpen() {
    if (closed) {
      throw new IllegalStateException("feature bank " + directory + " is closed");
    }
  }

  /** What the list of images says, checksums included. */
  List<ImageJournal.Line> lines() {
    return lines;
  }

  /** Ends the reading. Calls under way finish undisturbed: their windows are their own. */
  @Override
  public void close() {
    closed = true;
  }
}
