package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Pairs images with labels by file name, and says everything that is wrong with the folders at
 * once. Looks at names alone; {@link DatasetCheck} looks into the files.
 */
final class SampleFolders {
  /** What to do about folders that {@link #pair(Path, Path)} finds fault with. */
  static final String REMEDY =
      "Every image NAME.jpg (or jpeg, jpe, jfif, png, bmp, gif, tif, tiff, webp) needs a label NAME.png and the other way round: "
          + "add what is missing, move what does not belong out of the folders";

  /**
   * What follows a sample's name in the names of its files; upper and lower case are the same.
   *
   * @param images of images
   * @param label of labels
   * @param others of files beside the labels that belong there and are passed over
   */
  record Endings(List<String> images, String label, List<String> others) {}

  private static final Endings PLAIN =
      new Endings(
          List.of(
              ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"),
          ".png",
          List.of());

  private final Path root;
  private final Problems problems = new Problems();

  SampleFolders(Path root) {
    this.root = root;
  }

  /**
   * Finds where a dataset begins, whether the user names its own folder or one above.
   *
   * @param marker a folder in it
   * @param nested where it may lie below {@code root}
   * @return the first that holds the marker, or {@code root}
   */
  static Path base(Path root, String marker, String... nested) {
    return Stream.concat(Stream.of(root), Stream.of(nested).map(root::resolve))
        .filter(folder -> Files.isDirectory(folder.resolve(marker)))
        .findFirst()
        .orElse(root);
  }

  /**
   * Refuses splits that a dataset does not have.
   *
   * @throws BadInputException if it is none of the known ones
   */
  static void requireSplit(String dataset, String split, List<String> known) {
    if (!known.contains(split)) {
      throw new BadInputException(
          "%s has no split '%s' with published labels; known are %s"
              .formatted(dataset, split, String.join(", ", known)));
    }
  }

  /** Notes something that is wrong; {@link #sound} lists it. */
  void problem(String text) {
    problems.add(text);
  }

  /** Whether all the folders are there; those that are not are noted. */
  boolean present(Path... folders) {
    boolean all = true;
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        problem("the folder " + relative(folder) + " is missing");
        all = false;
      }
    }
    return all;
  }

  /** The names of the folders in any of several folders, none if one of them is missing. */
  SortedSet<String> subfolders(Path... parents) throws IOException {
    SortedSet<String> names = new TreeSet<>();
    if (present(parents)) {
      for (Path parent : parents) {
        for (Path child : visible(parent)) {
          if (Files.isDirectory(child)) {
            names.add(child.getFileName().toString());
          } else {
            problem(relative(child) + " is not a folder");
          }
        }
      }
    }
    return names;
  }

  /** The images of a folder, at least one, by name. */
  Collection<Path> images(Path folder) throws IOException {
    Collection<Path> images = files(folder, PLAIN.images(), List.of()).values();
    if (images.isEmpty()) {
      problem("the folder " + relative(folder) + " holds no images");
    }
    return images;
  }

  /** The pairs {@code NAME.jpg} and {@code NAME.png} of two folders, by name. */
  SortedMap<String, Sample> pair(Path images, Path labels) throws IOException {
    return pair(images, labels, PLAIN);
  }

  /** The pairs of two folders, by name; none if one of the two is missing. */
  SortedMap<String, Sample> pair(Path images, Path labels, Endings endings) throws IOException {
    SortedMap<String, Sample> samples = new TreeMap<>();
    if (!present(images, labels)) {
      return samples;
    }
    SortedMap<String, Path> pictures = files(images, endings.images(), List.of());
    SortedMap<String, Path> truths = files(labels, List.of(endings.label()), endings.others());
    pictures.forEach((name, picture) -> {
      Path truth = truths.remove(name);
      if (truth == null) {
        problem(
            "%s has no label, expected %s"
                .formatted(relative(picture), relative(labels.resolve(name + endings.label()))));
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
   * The samples that a text file lists, one name a line, in its order: {@code NAME.jpg} and {@code
   * NAME.png}. What else is in the folders belongs to other splits.
   */
  List<Sample> listed(Path list, Path images, Path labels) throws IOException {
    List<Sample> samples = new ArrayList<>();
    boolean listed = Files.isRegularFile(list);
    if (!listed) {
      problem("the list " + relative(list) + " is missing");
    }
    if (present(images, labels) && listed) {
      Set<String> seen = new HashSet<>();
      // Names are ASCII; in this charset any bytes are text, and a wrong name is listed as missing.
      for (String line : Files.readAllLines(list, StandardCharsets.ISO_8859_1)) {
        String name = line.strip();
        if (!name.isEmpty() && !seen.add(name)) {
          problem("%s lists %s twice".formatted(relative(list), name));
        } else if (!name.isEmpty()) {
          Path image = images.resolve(name + ".jpg");
          Path label = labels.resolve(name + ".png");
          requireFile(image, list);
          requireFile(label, list);
          samples.add(new Sample(name, image, label));
        }
      }
    }
    return samples;
  }

  private void requireFile(Path file, Path list) {
    if (!Files.isRegularFile(file)) {
      problem("%s is missing; %s lists it".formatted(relative(file), relative(list)));
    }
  }

  /**
   * The samples, if there is at least one and nothing is wrong.
   *
   * @param what they are, for the message
   * @param remedy what to do about problems
   * @throws BadInputException with a list of what is wrong
   */
  <T> List<T> sound(List<T> samples, String what, String remedy) {
    if (samples.isEmpty() && problems.isEmpty()) {
      problem("there are no images");
    }
    problems.requireNone(what + " in " + root, remedy);
    return samples;
  }

  private SortedMap<String, Path> files(Path folder, List<String> endings, List<String> others)
      throws IOException {
    SortedMap<String, Path> byName = new TreeMap<>();
    for (Path file : visible(folder)) {
      String fileName = file.getFileName().toString();
      if (stem(fileName, others).isPresent()) {
        continue;
      }
      Optional<String> name = stem(fileName, endings);
      if (name.isEmpty() || !Files.isRegularFile(file)) {
        problem(
            "%s is not a file that ends in %s"
                .formatted(relative(file), String.join(", ", endings)));
        continue;
      }
      Path twin = byName.put(name.get(), file);
      if (twin != null) {
        problem("%s and %s share a name; keep one".formatted(relative(twin), relative(file)));
      }
    }
    return byName;
  }

  /** What is left of a file name without the first of the endings that it has. */
  private static Optional<String> stem(String fileName, List<String> endings) {
    for (String ending : endings) {
      int length = fileName.length() - ending.length();
      if (length > 0 && fileName.regionMatches(true, length, ending, 0, ending.length())) {
        return Optional.of(fileName.substring(0, length));
      }
    }
    return Optional.empty();
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
