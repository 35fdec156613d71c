package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Any collection in the layout {@code images/SPLIT/NAME.jpg}, {@code labels/SPLIT/NAME.png} and
 * {@code classes.json}. Without a folder for any split, {@code images/NAME.jpg} and {@code
 * labels/NAME.png} are the whole collection, under every split's name. A label map holds class
 * indices, or the classes' colours as RGB.
 */
public final class FolderDataset implements Dataset {
  /** The name for {@link Datasets#open}. */
  public static final String NAME = "folder";

  private static final int AMBIGUOUS = -1;

  private final String split;
  private final ClassFiles.LabelClasses classes;
  private final List<Sample> samples;
  private final Map<Integer, Integer> indexOfColor = new HashMap<>();

  private FolderDataset(String split, ClassFiles.LabelClasses classes, List<Sample> samples) {
    this.split = split;
    this.classes = classes;
    this.samples = List.copyOf(samples);
    classes.voidRgb().ifPresent(rgb -> indexOfColor.put(rgb, voidIndex()));
    for (int i = 0; i < classes.classes().size(); i++) {
      indexOfColor.merge(classes.classes().classes().get(i).rgb(), i, (one, other) -> AMBIGUOUS);
    }
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
    if (classes.voidIndex() >= classes.classes().size()) {
      return classes.voidIndex();
    }
    // Where the label of void is below those of the classes, or void is a colour, no index is free
    // but the one behind them.
    boolean some = classes.voidIndex() >= 0 || classes.voidRgb().isPresent();
    return some ? classes.classes().size() : -1;
  }

  @Override
  public boolean readsColors() {
    return true;
  }

  @Override
  public LabelMap labels(Sample sample, int width, int height) {
    LabelMap labels =
        LabelMap.read(
            sample.label(),
            values -> values.map(this::indexOfLabel, sample.label(), labelFault()),
            this::indexOfColor,
            "which no class of classes.json has, or more than one. Correct it, add the class, "
                + "or say by \"void_rgb\" that it does not count; indices belong into one channel");
    labels.requireSize(width, height, sample);
    return labels;
  }

  private int indexOfLabel(int label) {
    if (label == classes.voidIndex()) {
      return voidIndex();
    }
    int index = label - classes.firstIndex();
    return index < classes.classes().size() ? index : -1;
  }

  private int indexOfColor(int rgb) {
    return indexOfColor.getOrDefault(rgb, -1);
  }

  private String labelFault() {
    return "expected a class from %d to %d%s. Correct the label, or add the class to classes.json"
        .formatted(
            classes.firstIndex(),
            classes.firstIndex() + classes.classes().size() - 1,
            classes.voidIndex() < 0 ? "" : ", or %d for void".formatted(classes.voidIndex()));
  }

  @Override
  public List<Sample> samples() {
    return samples;
  }
}
