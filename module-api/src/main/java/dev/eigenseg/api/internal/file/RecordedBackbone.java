package dev.eigenseg.api.internal.file;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a bank or a model says of where its backbone was, without the folder: that is of the machine
 * on which it was made, and none of ours. As text it is the specification with the file's name
 * alone, which may be shown.
 *
 * @param scheme the kind of backbone, such as {@code "vit"}
 * @param name the file's name; empty if the backbone has none
 */
public record RecordedBackbone(String scheme, String name) {
  /** Reads a specification as it was recorded, on this system or another. */
  public static RecordedBackbone of(String spec) {
    int colon = spec.indexOf(':');
    if (colon < 0) {
      return new RecordedBackbone(spec, "");
    }
    String location = spec.substring(colon + 1);
    int slash = Math.max(location.lastIndexOf('/'), location.lastIndexOf('\\'));
    return new RecordedBackbone(spec.substring(0, colon), location.substring(slash + 1));
  }

  /**
   * Where a file of that name may be: beside another file, and in places.
   *
   * @param places folders, or files that count whatever their name
   */
  public Set<Path> candidates(Path beside, List<Path> places) {
    Set<Path> candidates = new LinkedHashSet<>();
    Optional.ofNullable(beside.toAbsolutePath().normalize().getParent()) // "/" has none
        .flatMap(this::in)
        .ifPresent(candidates::add);
    for (Path place : places) {
      (Files.isDirectory(place) ? in(place) : Optional.of(place)).ifPresent(candidates::add);
    }
    return candidates;
  }

  private Optional<Path> in(Path folder) {
    try {
      return name.isEmpty() ? Optional.empty() : Optional.of(folder.resolve(name));
    } catch (InvalidPathException e) {
      return Optional.empty(); // a name of another system, or no name at all
    }
  }

  @Override
  public String toString() {
    return name.isEmpty() ? scheme : scheme + ":" + name;
  }
}
