package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Any collection in the layout {@code images/SPLIT/NAME.jpg}, {@code labels/SPLIT/NAME.png} and
 * {@code classes.json}. Without a folder for any split, {@code images/NAME.jpg} and {@code
 * labels/NAME.png} are the whole collection, under every split's name.
 */
public final class FolderDataset implements Dataset {
  /** The name for {@link Datasets#open}. */
  public static final String NAME = "folder";

  private final String split;
  private final ClassFiles.LabelClasses classes;
  private final List<Sample> samples;

  private FolderDataset(String split, ClassFiles.LabelClasses classes, List<Sample> samples) {
    this.split = split;
    this.classes = classes;
    this.samples = List.copyOf(samples);
  }

  /**
   * Opens one split.
   *
   * @throws BadInputException if files are missing or do not belong there; the message lists them
   * @throws IOException if the folder cannot be read
   */
  static FolderDataset open(Path root, String split) throws IOException {
    if (!Files.isDirectory(root)) {
      throw new BadInputException(
          "there is no folder %s; a dataset is a folder with images/, labels/ and classes.json"
              .formatted(root));
    }
    Path images = root.resolve("images");
    Path labels = root.resolve("labels");
    if (Files.isDirectory(images) && hasSplits(images)) {
      images = images.resolve(split);
      labels = labels.resolve(split);
      requireSplit(images, split);
    }
    SampleFolders folders = new SampleFolders(root);
    List<Sample> samples =
        folders.sound(
            List.copyOf(folders.pair(images, labels).values()),
            "split '%s' of the dataset".formatted(split),
            SampleFolders.REMEDY);
    return new FolderDataset(split, ClassFiles.read(root.resolve("classes.json")), samples);
  }

  private static boolean hasSplits(Path images) throws IOException {
    return SampleFolders.visible(images).stream().anyMatch(Files::isDirectory);
  }

  private static void requireSplit(Path images, String split) throws IOException {
    if (!Files.isDirectory(images)) {
      List<Path> splits =
          SampleFolders.visible(images.getParent()).stream()
              .filter(Files::isDirectory)
              .map(Path::getFileName)
              .toList();
      throw new BadInputException(
          "there is no split '%s' in %s; found %s".formatted(split, images.getParent(), splits));
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String split() {
    return split;
  }

  @Override
  public ClassList classes() {
    return classes.classes();
  }

  @Override
  public int voidIndex() {
    return classes.voidIndex();
  }

  @Override
  public List<Sample> samples() {
    return samples;
  }
}
