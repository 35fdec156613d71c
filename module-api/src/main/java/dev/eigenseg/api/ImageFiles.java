package dev.eigenseg.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import javax.imageio.ImageIO;

/**
 * Finds images in folders. Hidden files, and what systems and network drives keep beside images,
 * are none; nor are the masks, overlays and pictures that Eigenseg itself made. An image that links
 * give several names is found once, and links that lead in a circle are walked past.
 */
public final class ImageFiles {
  private static final Set<String> SUFFIXES = suffixes();

  private ImageFiles() {}

  private static Set<String> suffixes() {
    Set<String> suffixes = new TreeSet<>(List.of(ImageIO.getReaderFileSuffixes()));
    suffixes.addAll(List.of("jfif", "jpe")); // JPEG too, which ImageIO does not say
    return suffixes;
  }

  /**
   * What is in a folder and the folders below it.
   *
   * @param images sorted by path
   * @param leftOut what is none of them
   * @param unreadable files and folders below it that the system does not show, and why
   */
  public record Found(List<Path> images, LeftOut leftOut, List<BadInputException> unreadable) {
    /** Copies the lists. */
    public Found {
      images = List.copyOf(images);
      unreadable = List.copyOf(unreadable);
    }
  }

  /**
   * The images in a folder and the folders below it, by their names' endings, sorted by path.
   *
   * @throws BadInputException if there is none, or something in it cannot be read
   */
  public static List<Path> in(Path folder) throws IOException {
    Found found = search(folder);
    if (!found.unreadable().isEmpty()) {
      throw found.unreadable().getFirst();
    }
    if (found.images().isEmpty()) {
      throw none(folder, found);
    }
    return found.images();
  }

  /** What to say of a folder in which no image was found. */
  public static BadInputException none(Path folder, Found found) {
    return new BadInputException(
        "the folder %s holds no images; known are the endings %s%s"
            .formatted(
                folder,
                String.join(", ", SUFFIXES),
                found.leftOut().isEmpty() ? "" : "; left out: " + found.leftOut()));
  }

  /**
   * Looks for images in a folder and the folders below it, by their names' endings.
   *
   * @throws IOException if the folder itself cannot be read
   */
  public static Found search(Path folder) throws IOException {
    return search(folder, file -> SUFFIXES.contains(ending(file)), true);
  }

  /**
   * Looks for files, whatever their endings, that some pattern matches; the others do not count as
   * left out.
   *
   * @throws IOException if the folder itself cannot be read
   */
  public static Found matching(Path folder, Predicate<Path> pattern) throws IOException {
    return search(folder, pattern, false);
  }

  private static Found search(Path folder, Predicate<Path> wanted, boolean countOthers)
      throws IOException {
    FolderWalk walk = FolderWalk.of(folder);
    OwnResults own = new OwnResults();
    List<Path> images = new ArrayList<>();
    SortedMap<String, Integer> others = new TreeMap<>();
    int results = 0;
    for (FolderWalk.Found file : walk.files()) {
      boolean matches = wanted.test(file.path());
      if (!matches && !countOthers) {
        continue;
      }
      if (own.contains(file.real())) {
        results++;
      } else if (matches) {
        images.add(file.path());
      } else {
        others.merge(kind(file.path()), 1, Integer::sum);
      }
    }
    int again = (int) walk.again().stream().filter(wanted).count();
    LeftOut leftOut =
        countOthers
            ? new LeftOut(others, walk.hidden(), results, again, walk.loops())
            : new LeftOut(others, 0, results, again, 0);
    return new Found(images, leftOut, walk.unreadable());
  }

  /**
   * Whether Eigenseg itself made a file: a mask, an overlay or a picture beside the record that
   * says so.
   */
  public static boolean isResult(Path file) throws IOException {
    return Files.exists(file) && new OwnResults().contains(file.toRealPath());
  }

  private static String kind(Path file) {
    String ending = ending(file);
    return ending.isEmpty() ? "no ending" : "." + ending;
  }

  private static String ending(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    int dot = name.lastIndexOf('.');
    return dot < 0 ? "" : name.substring(dot + 1);
  }
}
