package dev.eigenseg.api.bank;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Owns the open files of a feature bank: the patch features of an image collection, read through
 * windows that are mapped for a call and unmapped again. Thread-safe.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class FeatureBank implements AutoCloseable {
  private FeatureBank() {}

  /**
   * Opens a finished bank and checks the manifest, the list of images and every file's header
   * against the files' real sizes.
   *
   * @throws dev.eigenseg.api.BadInputException if there is no finished bank
   * @throws dev.eigenseg.api.CorruptFileException if something is damaged; the message names file
   *     and offset
   */
  public static FeatureBank open(Path directory) throws IOException {
    throw new IOException("opening " + directory);
  }

  /**
   * Deletes a bank's own files, and the directory if nothing else is in it; does nothing if there
   * is none.
   */
  public static void delete(Path directory) throws IOException {
    throw new IOException("deleting " + directory);
  }

  /** The directory. */
  public Path directory() {
    throw new UnsupportedOperationException("unfinished");
  }

  /** What the bank says of itself. */
  public BankManifest manifest() {
    throw new UnsupportedOperationException("unfinished");
  }

  /** The images, in order. */
  public List<ImageEntry> images() {
    throw new UnsupportedOperationException("unfinished");
  }

  /** The number of patches. */
  public long rows() {
    return manifest().rows();
  }

  /** The rows of one level; float16 is widened. Usable until the bank is closed. */
  public FeatureRows level(Level level) {
    throw new UnsupportedOperationException("unfinished " + level);
  }

  /**
   * The standard deviation of one of the three levels of features over the bank, 1 where it would
   * be 0.
   */
  public float scale(Level level) {
    throw new UnsupportedOperationException("unfinished " + level);
  }

  /** The features of one image; the caller owns them. */
  public PatchFeatures features(ImageEntry image) throws IOException {
    throw new IOException("unfinished" + image);
  }

  /**
   * The colours of one image on the patch grid, float32, {@code [patches, 3]}; the caller owns
   * them.
   */
  public Tensor patchColors(ImageEntry image) throws IOException {
    throw new IOException("unfinished" + image);
  }

  /**
   * Reads every byte and compares the checksums.
   *
   * @throws dev.eigenseg.api.CorruptFileException at the first image whose rows have changed
   */
  public void verify(Progress progress) throws IOException {
    throw new IOException("unfinished" + progress);
  }

  @Override
  public void close() {}
}
