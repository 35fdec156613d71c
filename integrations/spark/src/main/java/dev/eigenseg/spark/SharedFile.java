package dev.eigenseg.spark;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.internal.file.Hashes;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.SparkFiles;

/**
 * A file that the driver has read and that executors find: under the same path, or, if it was given
 * to Spark with {@code --files} or {@code addFile}, under the same name among Spark's files.
 *
 * @param path on the driver
 * @param sha256 of its content there
 */
record SharedFile(String path, String sha256) implements Serializable {
  /**
   * The file as the driver sees it.
   *
   * @throws BadInputException if there is no such file
   */
  static SharedFile of(Path path) throws IOException {
    if (!Files.isRegularFile(path)) {
      throw new BadInputException(path + ": there is no such file; check the path");
    }
    return new SharedFile(path.toAbsolutePath().toString(), Hashes.sha256(path));
  }

  /**
   * The file as this process sees it.
   *
   * @throws BadInputException if it is not there
   * @throws IncompatibleException if its content is another
   */
  Path here() throws IOException {
    Path found = place(Path.of(path));
    String hash = Hashes.sha256(found);
    if (!hash.equals(sha256)) {
      throw new IncompatibleException(
          "%s has SHA-256 %s here, but %s on the driver; give all machines the same file"
              .formatted(found, hash, sha256));
    }
    return found;
  }

  /**
   * Where a file is that the driver has under a path.
   *
   * @throws BadInputException if it is nowhere
   */
  static Path place(Path path) {
    if (Files.isRegularFile(path)) {
      return path;
    }
    Path sent = Path.of(SparkFiles.get(path.getFileName().toString()));
    if (!Files.isRegularFile(sent)) {
      throw new BadInputException(
          "%s: not on this executor, nor among Spark's files; put it where all machines see it, or give it to Spark with --files"
              .formatted(path));
    }
    return sent;
  }
}
