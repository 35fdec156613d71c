package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Opens datasets by name. */
public final class Datasets {
  private Datasets() {}

  /** The names that {@link #open} knows. */
  public static List<String> names() {
    return List.of(
        CamVid.NAME,
        Cityscapes.NAME_19,
        Cityscapes.NAME_27,
        PascalContext.NAME_59,
        PascalContext.NAME_60,
        Ade20k.NAME,
        CocoStuff.NAME,
        FolderDataset.NAME);
  }

  /** The names that {@link #openImages} knows: also those of collections without ground truth. */
  public static List<String> collectionNames() {
    return Stream.concat(names().stream(), Stream.of(ClassFolders.NAME)).toList();
  }

  /**
   * Opens one split of a dataset and checks that it is complete.
   *
   * @param name one of {@link #names()}
   * @param root the dataset's folder
   * @param split such as {@code "train"} or {@code "val"}
   * @throws BadInputException if the name is unknown, or files are missing or do not belong there;
   *     the message lists them
   * @throws IOException if the folder cannot be read
   */
  public static Dataset open(String name, Path root, String split) throws IOException {
    return switch (name) {
      case CamVid.NAME -> CamVid.open(root, split);
      case Cityscapes.NAME_19, Cityscapes.NAME_27 -> Cityscapes.open(name, root, split);
      case PascalContext.NAME_59, PascalContext.NAME_60 -> PascalContext.open(name, root, split);
      case Ade20k.NAME -> Ade20k.open(root, split);
      case CocoStuff.NAME -> CocoStuff.open(root, split);
      case FolderDataset.NAME -> FolderDataset.open(root, split);
      case ClassFolders.NAME ->
          throw new BadInputException(
              "'%s' has no labels of pixels: it serves to learn from; known with labels are %s"
                  .formatted(name, String.join(", ", names())));
      default ->
          throw new BadInputException(
              "unknown dataset '%s'; known are %s"
                  .formatted(name, String.join(", ", collectionNames())));
    };
  }

  /**
   * Opens one split of a collection for its images alone; labels that belong to it are checked all
   * the same.
   *
   * @param name one of {@link #collectionNames()}
   * @param root the collection's folder
   * @param split such as {@code "train"} or {@code "val"}
   * @throws BadInputException as {@link #open}
   * @throws IOException if the folder cannot be read
   */
  public static ImageCollection openImages(String name, Path root, String split)
      throws IOException {
    return name.equals(ClassFolders.NAME)
        ? ClassFolders.open(root, split)
        : open(name, root, split);
  }

  /**
   * Some images of a dataset.
   *
   * @param samples of that dataset
   */
  public static Dataset part(Dataset dataset, List<Sample> samples) {
    return new PartialDataset(dataset, samples);
  }

  /**
   * At most that many images of a dataset, spread evenly over it, for trials: scores on them cannot
   * be compared with those on all.
   *
   * @param images at least 1
   */
  public static Dataset thinned(Dataset dataset, int images) {
    return PartialDataset.thinned(dataset, images);
  }

  /** Likewise of a collection. */
  public static List<Path> thinned(List<Path> images, int count) {
    return PartialDataset.thin(images, count);
  }
}
