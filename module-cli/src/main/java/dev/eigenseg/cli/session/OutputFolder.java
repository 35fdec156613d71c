package dev.eigenseg.cli.session;

import dev.eigenseg.api.internal.file.OutputLock;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Owns the right to fill a folder, which is made if it is missing, and goes again if nothing came
 * into it.
 */
public final class OutputFolder implements AutoCloseable {
  private final Path folder;
  private final boolean made;
  private final OutputLock lock;

  private OutputFolder(Path folder, boolean made, OutputLock lock) {
    this.folder = folder;
    this.made = made;
    this.lock = lock;
  }

  /**
   * Takes it.
   *
   * @throws dev.eigenseg.api.UnavailableException if another command fills it; the message says
   *     which
   */
  @SuppressWarnings("MustBeClosedChecker")
  public static OutputFolder open(Path folder) throws IOException {
    boolean made = !Files.exists(folder);
    if (made) {
      Files.createDirectories(folder);
    }
    return new OutputFolder(folder, made, OutputLock.ofFolder(folder));
  }

  @Override
  public void close() throws IOException {
    lock.close();
    if (made) {
      try {
        Files.delete(folder);
      } catch (DirectoryNotEmptyException e) {
        return; // as it should be
      }
    }
  }
}
