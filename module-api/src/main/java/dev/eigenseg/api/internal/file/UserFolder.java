package dev.eigenseg.api.internal.file;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Where the user's files of a kind are (XDG Base Directory Specification, 0.8). */
public final class UserFolder {
  private UserFolder() {}

  /**
   * The folder of this program that a variable of the environment, or the custom, says.
   *
   * @param variable such as {@code XDG_STATE_HOME}
   * @param custom the folder below the user's home that counts otherwise
   */
  public static Path of(String variable, Path custom) {
    return set(Optional.ofNullable(System.getenv(variable)))
        .orElseGet(() -> Path.of(System.getProperty("user.home")).resolve(custom))
        .resolve("eigenseg");
  }

  /** The folder that is set; a relative one does not count. */
  static Optional<Path> set(Optional<String> setting) {
    try {
      return setting.map(Path::of).filter(Path::isAbsolute);
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
