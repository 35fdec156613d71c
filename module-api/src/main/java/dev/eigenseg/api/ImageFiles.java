package dev.eigenseg.api;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** Finds images in folders. */
public final class ImageFiles {
  private static final Set<String> SUFFIXES = suffixes();

  private ImageFiles() {}

  private static Set<String> suffixes() {
    Set<String> suffixes = new TreeSet<>(List.of(ImageIO.getReaderFileSuffixes()));
    suffixes.addAll(List.of("jfif", "jpe")); // JPEG too, which ImageIO does not say
    return suffixes;
  }

  /**
   * The images in a folder and the folders below it, by their names' endings, sorted by path.
   *
   * @throws BadInputException if there is none
   */
  public static List<Path> in(Path folder) throws IOException {
    List<Path> images = below(folder).stream().filter(ImageFiles::looksLikeImage).toList();
    if (images.isEmpty()) {
      throw new BadInputException(
          "the folder "
              + folder
              + " holds no images; known are the endings "
              + String.join(", ", SUFFIXES));
    }
    return images;
  }

  /** All files in a folder and the folders below it, sorted by path. */
  public static List<Path> below(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static boolean looksLikeImage(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return SUFFIXES.contains(name.substring(name.lastIndexOf('.') + 1));
  }
}
