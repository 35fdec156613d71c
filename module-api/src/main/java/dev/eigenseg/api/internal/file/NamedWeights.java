package dev.eigenseg.api.internal.file;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * The files of weights that the user has named in commands, so that what was made with them finds
 * them again: in a folder of the user's, for each SHA-256 a file of that name, with absolute paths,
 * one a line, the last named first. Only the command line writes there; what this process has named
 * it knows even if the folder cannot be written.
 *
 * @param folder need not exist
 */
public record NamedWeights(Path folder) {
  private static final int KEPT = 8;
  private static final Map<Path, Path> IN_PROCESS = new ConcurrentHashMap<>(); // by list

  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  /** Those of the user: {@code eigenseg/weights} in the folder of the user's states. */
  public static NamedWeights ofUser() {
    Path folder = UserFolder.of("XDG_STATE_HOME", Path.of(".local", "state"));
    return new NamedWeights(folder.resolve("weights"));
  }

  /**
   * Remembers that the user named a file. A path that is no line is not remembered.
   *
   * @param sha256 of its content
   * @throws IOException if that cannot be written
   */
  public void remember(String sha256, Path file) throws IOException {
    Path absolute = file.toAbsolutePath().normalize();
    if (!HASH.matcher(sha256).matches()) {
      return;
    }
    IN_PROCESS.put(folder.resolve(sha256), absolute);
    String path = absolute.toString();
    List<Path> known = listed(sha256);
    if (path.lines().count() != 1
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

  /**
   * The files that were named with that content; they may be gone, or have changed. A list that
   * cannot be read has none: weights may be found elsewhere.
   */
  public List<Path> files(String sha256) {
    Set<Path> files = new LinkedHashSet<>();
    if (HASH.matcher(sha256).matches()) {
      Optional.ofNullable(IN_PROCESS.get(folder.resolve(sha256))).ifPresent(files::add);
      files.addAll(listed(sha256));
    }
    return List.copyOf(files);
  }

  private List<Path> listed(String sha256) {
    Path list = folder.resolve(sha256);
    if (!Files.exists(list)) {
      return List.of();
    }
    try {
      return RegularFile.text(list)
          .lines()
          .map(NamedWeights::path)
          .flatMap(Optional::stream)
          .filter(Path::isAbsolute)
          .toList();
    } catch (IOException | BadInputException e) {
      return List.of();
    }
  }

  private static Optional<Path> path(String line) {
    try {
      return Optional.of(Path.of(line));
    } catch (InvalidPathException e) {
      return Optional.empty(); // no line of ours
    }
  }
}
