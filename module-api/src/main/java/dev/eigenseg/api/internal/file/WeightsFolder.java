package dev.eigenseg.api.internal.file;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where weights are kept: the places in which models look for their backbones. */
public final class WeightsFolder {
  /** The environment variable that names a file or folder with weights. */
  public static final String VARIABLE = "EIGENSEG_WEIGHTS";

  /** How the files' names end. */
  public static final String SUFFIX = ".safetensors";

  private WeightsFolder() {}

  /** Where models look for their backbones, beside their own folder. */
  public static List<Path> searchPath() {
    List<Path> places = new ArrayList<>();
    named().ifPresent(places::add);
    places.add(cache());
    return places;
  }

  /** {@code EIGENSEG_WEIGHTS} if that is a folder, else the user's cache. */
  public static Path standard() {
    return named().filter(Files::isDirectory).orElseGet(WeightsFolder::cache);
  }

  private static Optional<Path> named() {
    return Optional.ofNullable(System.getenv(VARIABLE))
        .filter(text -> !text.isBlank())
        .map(Path::of);
  }

  private static Path cache() {
    return Path.of(System.getProperty("user.home"), ".cache", "eigenseg");
  }

  /** The file for a name: in the standard folder, or where the user says. */
  public static Path file(String name, Optional<Path> output) {
    String file = name + SUFFIX;
    return output
        .map(path -> path.toString().endsWith(SUFFIX) ? path : path.resolve(file))
        .orElseGet(() -> standard().resolve(file));
  }

  /** A file's name without its ending. */
  public static String name(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
  }

  /** What is known of how a file's weights are read, beside it. */
  public static Path config(Path file) {
    return file.resolveSibling(name(file) + ".json");
  }
}
