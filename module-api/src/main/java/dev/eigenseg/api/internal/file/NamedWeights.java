package dev.eigenseg.api.internal.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The files of weights that the user has named in commands, so that what was made with them finds
 * them again: in a folder of the user's, for each SHA-256 a file of that name, with absolute paths,
 * one a line, the last named first. Only the command line writes there.
 *
 * @param folder need not exist
 */
public record NamedWeights(Path folder) {
  private static final int KEPT = 8;
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  /** Those of the user: {@code eigenseg/weights} in the folder of the user's states. */
  public static NamedWeights ofUser() {
    Path states =
        Optional.ofNullable(System.getenv("XDG_STATE_HOME"))
            .filter(text -> !text.isBlank())
            .map(Path::of)
            .orElseGet(() -> Path.of(System.getProperty("user.home"), ".local", "state"));
    return new NamedWeights(states.resolve("eigenseg").resolve("weights"));
  }

  /**
   * Remembers that the user named a file. A path that is no line is not remembered.
   *
   * @param sha256 of its content
   * @throws IOException if that cannot be written
   */
  public void remember(String sha256, Path file) throws IOException {
    String path = file.toAbsolutePath().normalize().toString();
    List<Path> known = files(sha256);
    if (path.lines().count() != 1
        || !HASH.matcher(sha256).matches()
        || (!known.isEmpty() && known.getFirst().toString().equals(path))) {
      return;
    }
    List<String> lines = new ArrayList<>(List.of(path));
    known.stream().map(Path::toString).filter(other -> !other.equals(path)).forEach(lines::add);
    Files.createDirectories(folder);
    AtomicFile.writeString(
        folder.resolve(sha256),
        String.join("\n", lines.subList(0, Math.min(KEPT, lines.size()))) + "\n");
  }

  /** The files that were named with that content; they may be gone, or have changed. */
  public List<Path> files(String sha256) throws IOException {
    List<Path> files = new ArrayList<>();
    if (!HASH.matcher(sha256).matches()) {
      return files;
    }
    Path list = folder.resolve(sha256);
    if (!Files.exists(list)) {
      return files;
    }
    RegularFile.text(list)
        .lines()
        .map(NamedWeights::path)
        .flatMap(Optional::stream)
        .filter(Path::isAbsolute)
        .forEach(files::add);
    return files;
  }

  private static Optional<Path> path(String line) {
    try {
      return Optional.of(Path.of(line));
    } catch (InvalidPathException e) {
      return Optional.empty(); // no line of ours
    }
  }
}
