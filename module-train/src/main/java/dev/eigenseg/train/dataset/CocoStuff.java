package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * COCO-Stuff (Caesar et al., CVPR 2018) with its 27 coarse classes, as unsupervised segmentation is
 * scored: {@code images/{train2017,val2017}/NAME.jpg}, {@code
 * annotations/{train2017,val2017}/NAME.png} with the fine labels 0 to 181 (255 is void), and {@code
 * curated/{train2017,val2017}/Coco164kFull_Stuff_Coarse_7.txt} with the names of the images that
 * count. Fine labels become coarse classes when they are read.
 */
public final class CocoStuff {
  /** The name for {@link Datasets#open}. */
  public static final String NAME = "coco-stuff-27";

  private static final String LIST = "Coco164kFull_Stuff_Coarse_7.txt";
  private static final String YEAR = "2017";

  private static final String REMEDY =
      "Unpack train2017.zip and val2017.zip of cocodataset.org into images, "
          + "stuffthingmaps_trainval2017.zip of the repository nightrome/cocostuff into "
          + "annotations, and copy the folder curated of the repository janghyuncho/PiCIE; all "
          + "images of a year, listed or not, are the splits train2017 and val2017";

  private CocoStuff() {}

  /**
   * Opens one split.
   *
   * @param root the folder with {@code images}, {@code annotations} and {@code curated}
   * @param split {@code "train"} or {@code "val"}, the images of the curated list; or {@code
   *     "train2017"} or {@code "val2017"}, all images
   * @throws BadInputException if there is no such split, or files are missing or do not belong
   *     there; the message lists them all
   * @throws IOException if a folder or the list cannot be read
   */
  static Dataset open(Path root, String split) throws IOException {
    SampleFolders.requireSplit(NAME, split, List.of("train", "val", "train" + YEAR, "val" + YEAR));
    SampleFolders folders = new SampleFolders(root);
    List<Sample> samples =
        split.endsWith(YEAR) ? all(folders, root, split) : curated(folders, root, split + YEAR);
    return new PublishedDataset(
        split,
        PublishedLabels.of(NAME),
        folders.sound(samples, "split '%s' of COCO-Stuff".formatted(split), REMEDY));
  }

  private static List<Sample> all(SampleFolders folders, Path root, String part)
      throws IOException {
    return List.copyOf(
        folders.pair(root.resolve("images", part), root.resolve("annotations", part)).values());
  }

  private static List<Sample> curated(SampleFolders folders, Path root, String part)
      throws IOException {
    return folders.listed(
        root.resolve("curated", part, LIST),
        root.resolve("images", part),
        root.resolve("annotations", part));
  }
}
