package dev.eigenseg.api.bank;

import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Owns the files of a bank that is being written. Images are appended in the caller's order; after
 * a crash the same calls continue after the last image that was committed, and the bank ends with
 * the same bytes. Thread-safe, though order is the caller's.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class FeatureBankWriter implements AutoCloseable {
  private FeatureBankWriter() {}

  /**
   * Creates a bank, or continues one.
   *
   * @param directory of the bank; created if missing
   * @param settings of its features; when continuing, equal to the bank's
   * @param provenance written with the manifest by {@link #finish}
   * @throws dev.eigenseg.api.IncompatibleException if the bank has other settings; the message
   *     names the first that differs
   * @throws dev.eigenseg.api.UnavailableException if another writer has the bank open
   */
  public static FeatureBankWriter open(Path directory, BankSettings settings, Provenance provenance)
      throws IOException {
    throw new IOException("opening " + directory + settings + provenance);
  }

  /** Whether an image is in the bank already. */
  public boolean contains(String path) {
    throw new UnsupportedOperationException(path);
  }

  /** The images so far. */
  public List<ImageEntry> images() {
    throw new UnsupportedOperationException("unfinished");
  }

  /**
   * Appends an image. If it is refused, the bank stays as it was.
   *
   * @param path where the image was read from; not in the bank yet
   * @param width pixels of the image
   * @param height likewise
   * @param features of the image; borrowed
   * @param patchColors its colours on the patch grid, float32, {@code [patches, 3]}; borrowed
   * @throws dev.eigenseg.api.BadInputException if a value is not finite, or too large for float16;
   *     names image and patch
   */
  public void append(String path, int width, int height, PatchFeatures features, Tensor patchColors)
      throws IOException {
    throw new IOException("unfinished" + path + width + height + features + patchColors);
  }

  /**
   * Makes what was appended a valid bank: commits it, computes the scales and writes the manifest.
   * More may be appended and finished afterwards.
   *
   * @throws dev.eigenseg.api.BadInputException if the bank holds no image
   */
  public void finish(Progress progress) throws IOException {
    throw new IOException("unfinished" + progress);
  }

  /**
   * Commits what was appended and closes the files; without {@link #finish} the bank can be
   * continued but not opened.
   */
  @Override
  public void close() throws IOException {}
}
