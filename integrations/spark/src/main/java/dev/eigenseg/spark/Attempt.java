package dev.eigenseg.spark;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.file.AtomicFile;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Owns a folder of its own for one attempt of a task. Spark may run a task again while an attempt
 * of before still works, on a machine that was thought dead, or as a speculation: attempts do not
 * meet until one of them gives its folder the final name. A folder that is there is not replaced,
 * so whoever is later loses, however late.
 */
final class Attempt implements AutoCloseable {
  private final Path folder;

  private Attempt(Path folder) {
    this.folder = folder;
  }

  /**
   * Makes a folder for an attempt.
   *
   * @param job the folder of the job, which is gone once the job has ended: then this fails
   */
  static Attempt begin(Path job) throws IOException {
    long random = ThreadLocalRandom.current().nextLong();
    return new Attempt(
        Files.createDirectory(job.resolve(".attempt-" + HexFormat.of().toHexDigits(random))));
  }

  Path folder() {
    return folder;
  }

  /** Gives the folder its final name, unless another attempt was faster. */
  void publish(Path result) throws IOException {
    try {
      AtomicFile.publish(folder, result);
    } catch (FileSystemException | BadInputException e) {
      if (!Files.isDirectory(result)) { // a folder that holds something is never replaced
        throw e;
      }
    }
  }

  /** Deletes the folder, unless it has its final name. */
  @Override
  public void close() throws IOException {
    JobFolder.deleteTree(folder);
  }
}
