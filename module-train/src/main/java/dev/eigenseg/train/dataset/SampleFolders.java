package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Pairs a folder of images with a folder of labels by file name, and says everything that is wrong
 * with them at once.
 */
final class SampleFolders {
  private static final Set<String> IMAGE_ENDINGS = Set.of("jpg", "jpeg", "png", "bmp", "gif");
  private static final int PROBLEMS_SHOWN = 10;

  private final Path root;
  private final List<String> problems = new ArrayList<>();

  SampleFolders(Path root) {
    this.root = root;
  }

  /** Notes something that is wrong; {@link #requireSound} lists it. */
  void problem(String text) {
    problems.add(text);
  }

  /** The pairs of two folders, by name. */
  SortedMap<String, Sample> pair(Path images, Path labels) throws IOException {
    SortedMap<String, Path> pictures = files(images, IMAGE_ENDINGS);
    SortedMap<String, Path> truths = files(labels, Set.of("png"));
    SortedMap<String, Sample> samples = new TreeMap<>();
    pictures.forEach((name, picture) -> {
      Path truth = truths.remove(name);
      if (truth == null) {
        problem(
            "%s has no label, expected %s"
                .formatted(relative(picture), relative(labels.resolve(name + ".png"))));
      } else {
        samples.put(name, new Sample(name, picture, truth));
      }
    });
    for (Path truth : truths.values()) {
      problem("%s has no image in %s".formatted(relative(truth), relative(images)));
    }
    return samples;
  }

  /**
   * Ends with a list of what is wrong, if anything is.
   *
   * @throws BadInputException if there are problems
   */
  void requireSound(String what) {
    if (problems.isEmpty()) {
      return;
    }
    StringBuilder message = new StringBuilder(what + ", found " + problems.size() + " problem");
    message.append(problems.size() == 1 ? ":" : "s:");
    problems.stream().limit(PROBLEMS_SHOWN).forEach(p -> message.append("\n  ").append(p));
    if (problems.size() > PROBLEMS_SHOWN) {
      message.append("\n  and ").append(problems.size() - PROBLEMS_SHOWN).append(" more");
    }
    message.append(
        "\nEvery image NAME.jpg (or png, bmp, gif) needs a label NAME.png and the other way round: add what is missing, move what does not belong out of the folders");
    throw new BadInputException(message.toString());
  }

  private SortedMap<String, Path> files(Path folder, Set<String> endings) throws IOException {
    if (!Files.isDirectory(folder)) {
      problem("the folder " + relative(folder) + " is missing");
      return new TreeMap<>();
    }
    SortedMap<String, Path> byName = new TreeMap<>();
    for (Path file : visible(folder)) {
      String fileName = file.getFileName().toString();
      int dot = fileName.lastIndexOf('.');
      String ending = fileName.substring(dot + 1).toLowerCase(Locale.ROOT);
      if (dot < 1 || !endings.contains(ending) || !Files.isRegularFile(file)) {
        problem(
            "%s is not a file that ends in %s"
                .formatted(relative(file), String.join(", ", endings.stream().sorted().toList())));
        continue;
      }
      Path twin = byName.put(fileName.substring(0, dot), file);
      if (twin != null) {
        problem("%s and %s share a name; keep one".formatted(relative(twin), relative(file)));
      }
    }
    return byName;
  }

  /** What is in a folder, sorted; hidden files are the desktop's, not the dataset's. */
  static List<Path> visible(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> !file.getFileName().toString().startsWith("."))
          .filter(file -> !file.getFileName().toString().equals("Thumbs.db"))
          .sorted()
          .toList();
    }
  }

  private Path relative(Path file) {
    return root.relativize(file);
  }
}
