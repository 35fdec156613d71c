package dev.eigenseg.cli.input;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageFiles;
import dev.eigenseg.api.LeftOut;
import dev.eigenseg.cli.session.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * The images that the user named, in a fixed order: arguments as given, the content of each folder
 * or glob sorted by path. A path named twice counts once.
 */
public final class Inputs {
  private static final String GLOB_CHARACTERS = "*?[{";

  // What a folder given twice, or a file and its folder, would give twice, is found by where it
  // really is.
  private final SequencedMap<Path, Input> found = new LinkedHashMap<>();
  private final List<BadInputException> unreadable = new ArrayList<>();
  private LeftOut leftOut = LeftOut.NOTHING;

  private Inputs() {}

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
   * read. Results of Eigenseg are left out, however they were named.
   *
   * @throws BadInputException if there is no image at all, a folder or glob holds none, or
   *     something in a folder cannot be read
   */
  public static List<Input> expand(List<String> arguments) throws IOException {
    Inputs inputs = of(arguments);
    if (!inputs.unreadable.isEmpty()) {
      throw inputs.unreadable.getFirst();
    }
    return List.copyOf(inputs.found.values());
  }

  /**
   * As {@link #expand(List)}, and tells the user what was left out.
   *
   * @param skip whether what cannot be read is listed at the end instead of ending the work
   */
  public static List<Input> expand(Session session, List<String> arguments, boolean skip)
      throws IOException {
    Inputs inputs = of(arguments);
    for (BadInputException reason : inputs.unreadable) {
      if (!skip) {
        throw reason;
      }
      session.skip("", reason);
    }
    if (!inputs.leftOut.isEmpty()) {
      session.say("left out: " + inputs.leftOut);
    }
    return List.copyOf(inputs.found.values());
  }

  private static Inputs of(List<String> arguments) throws IOException {
    Inputs inputs = new Inputs();
    for (String argument : arguments) {
      inputs.add(argument, true);
    }
    if (inputs.found.isEmpty()) {
      if (!inputs.unreadable.isEmpty()) {
        throw inputs.unreadable.getFirst();
      }
      throw new BadInputException(
          "there are no images in %s%s"
              .formatted(
                  String.join(", ", arguments),
                  inputs.leftOut.isEmpty() ? "" : "; left out: " + inputs.leftOut));
    }
    return inputs;
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
    } else if (ImageFiles.isResult(path)) {
      leftOut = leftOut.and(new LeftOut(new TreeMap<>(), 0, 1, 0, 0));
    } else {
      add(path, path.getFileName());
    }
  }

  private void add(Path path, Path name) throws IOException {
    Path real = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath().normalize();
    found.putIfAbsent(real, new Input(path, name));
  }

  private void addList(Path list) throws IOException {
    for (String line : ListFile.read(list)) {
      add(line, false);
    }
  }

  private void addFolder(Path folder) throws IOException {
    ImageFiles.Found images = ImageFiles.search(folder);
    if (images.images().isEmpty() && images.unreadable().isEmpty()) {
      throw ImageFiles.none(folder, images);
    }
    add(folder, images);
  }

  private void add(Path folder, ImageFiles.Found images) throws IOException {
    for (Path image : images.images()) {
      add(image, folder.relativize(image));
    }
    unreadable.addAll(images.unreadable());
    leftOut = leftOut.and(images.leftOut());
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
    if (!Files.isDirectory(folder)) {
      throw new BadInputException("no file matches " + pattern);
    }
    ImageFiles.Found files = ImageFiles.matching(folder, matcher::matches);
    if (files.images().isEmpty()) {
      throw new BadInputException(
          "no file matches %s%s"
              .formatted(
                  pattern, files.leftOut().isEmpty() ? "" : "; left out: " + files.leftOut()));
    }
    add(folder, files);
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
