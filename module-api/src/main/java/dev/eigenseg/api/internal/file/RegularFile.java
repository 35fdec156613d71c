package dev.eigenseg.api.internal.file;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Opens files for reading, and nothing else: a pipe that nobody writes to would be waited for
 * without end, where neither an interrupt nor a signal is heard, and a device may have no end.
 */
public final class RegularFile {
  private RegularFile() {}

  /**
   * Refuses what is there and no file; links are followed.
   *
   * @throws BadInputException if it is a folder, a pipe or a device
   */
  public static void require(Path file) {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new BadInputException(
          "%s: this is %s, expected a file"
              .formatted(file, Files.isDirectory(file) ? "a folder" : "a pipe or a device"));
    }
  }

  /** Its bytes. */
  public static byte[] bytes(Path file) throws IOException {
    require(file);
    return Files.readAllBytes(file);
  }

  /** Its text, in UTF-8. */
  public static String text(Path file) throws IOException {
    require(file);
    return Files.readString(file, StandardCharsets.UTF_8);
  }

  /** Opened for reading, by whoever closes it. */
  public static FileChannel channel(Path file) throws IOException {
    require(file);
    return FileChannel.open(file, StandardOpenOption.READ);
  }

  /** Likewise. */
  public static InputStream stream(Path file) throws IOException {
    require(file);
    return Files.newInputStream(file);
  }
}
