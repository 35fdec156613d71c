package dev.eigenseg.cli.input;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * The images that the user named, in a fixed order: arguments as given, the content of each folder
 * or glob sorted by path. A path named twice counts once.
 */
public final class Inputs {
  private static final Set<String> SUFFIXES = suffixes();
  private static final String GLOB_CHARACTERS = "*?[{";

  // What a folder given twice, or a file and its folder, would give twice, is found by its
  // normalised absolute path.
  private final SequencedMap<Path, Input> found = new LinkedHashMap<>();

  private Inputs() {}

  private static Set<String> suffixes() {
    Set<String> suffixes = new TreeSet<>(List.of(ImageIO.getReaderFileSuffixes()));
    suffixes.addAll(List.of("jfif", "jpe")); // JPEG too, which ImageIO does not say
    return suffixes;
  }

  /**
   * One image.
   *
   * @param path as the user gave it, or below the folder that the user gave
   * @param name the path relative to that folder, or the bare file name: what results are called
   */
  public record Input(Path path, Path name) {}

  /**
   * Expands files, folders (recursively), globs and {@code @list} files of one path a line. Files
   * named one by one need not exist here: whether a missing one is skipped is decided where it is
   * read.
   *
   * @throws BadInputException if there is no image at all, or a folder or glob holds none
   */
  public static List<Input> expand(List<String> arguments) throws IOException {
    Inputs inputs = new Inputs();
    for (String argument : arguments) {
      inputs.add(argument, true);
    }
    if (inputs.found.isEmpty()) {
      throw new BadInputException("there are no images in " + String.join(", ", arguments));
    }
    return List.copyOf(inputs.found.values());
  }

  private void add(String argument, boolean listsAllowed) throws IOException {
    if (listsAllowed && argument.startsWith("@") && !Files.exists(Path.of(argument))) {
      addList(Path.of(argument.substring(1)));
      return;
    }
    if (isGlob(argument)) {
      addGlob(argument);
      return;
    }
    Path path = Path.of(argument);
    if (Files.isDirectory(path)) {
      addFolder(path);
    } else {
      add(path, path.getFileName());
    }
  }

  private void add(Path path, Path name) {
    found.putIfAbsent(path.toAbsolutePath().normalize(), new Input(path, name));
  }

  private void addList(Path list) throws IOException {
    for (String line : Files.readAllLines(list, StandardCharsets.UTF_8)) {
      if (!line.isBlank() && !line.startsWith("#")) {
        add(line.strip(), false);
      }
    }
  }

  private void addFolder(Path folder) throws IOException {
    List<Path> images = filesBelow(folder).stream().filter(Inputs::looksLikeImage).toList();
    if (images.isEmpty()) {
      throw new BadInputException(
          "the folder "
              + folder
              + " holds no images; known are the endings "
              + String.join(", ", SUFFIXES));
    }
    images.forEach(image -> add(image, folder.relativize(image)));
  }

  private static boolean isGlob(String argument) {
    return argument.chars().anyMatch(c -> GLOB_CHARACTERS.indexOf(c) >= 0)
        && !Files.exists(Path.of(argument));
  }

  // The part of the pattern without special characters is the folder to look in.
  private void addGlob(String pattern) throws IOException {
    int special = 0;
    while (GLOB_CHARACTERS.indexOf(pattern.charAt(special)) < 0) {
      special++;
    }
    int slash = pattern.lastIndexOf('/', special);
    Path folder = Path.of(slash < 0 ? "" : pattern.substring(0, slash + 1));
    PathMatcher matcher = folder.getFileSystem().getPathMatcher("glob:" + pattern);
    List<Path> files =
        Files.isDirectory(folder)
            ? filesBelow(folder).stream().filter(matcher::matches).toList()
            : List.of();
    if (files.isEmpty()) {
      throw new BadInputException("no file matches " + pattern);
    }
    files.forEach(file -> add(file, folder.relativize(file)));
  }

  private static List<Path> filesBelow(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static boolean looksLikeImage(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return SUFFIXES.contains(name.substring(name.lastIndexOf('.') + 1));
  }

  /**
   * The file name without its ending, with the folders below the named one: {@code day/street} for
   * {@code day/street.jpg}.
   */
  public static String stem(Path name) {
    String text = name.toString();
    int dot = text.lastIndexOf('.');
    return dot > text.lastIndexOf(name.getFileSystem().getSeparator()) + 1
        ? text.substring(0, dot)
        : text;
  }

  /**
   * One stem for each image.
   *
   * @throws BadInputException if two images would write to the same files
   */
  public static SequencedMap<String, Input> byStem(List<Input> inputs) {
    SequencedMap<String, Input> stems = new LinkedHashMap<>();
    for (Input input : inputs) {
      Input other = stems.putIfAbsent(stem(input.name()), input);
      if (other != null) {
        throw new BadInputException(
            "results of %s and %s would have the same name; segment them into different folders"
                .formatted(other.path(), input.path()));
      }
    }
    return stems;
  }
}
