package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Images in one folder a class, as ImageNet has them: {@code train/n01440764/NAME.JPEG}. There is
 * no ground truth for pixels, so it serves to learn from, for use on other images. Immutable and
 * thread-safe.
 *
 * @param split its name
 * @param images the files, class by class
 */
public record ClassFolders(String split, List<Path> images) implements ImageCollection {
  /** The name for {@link Datasets#openImages}. */
  public static final String NAME = "imagenet";

  private static final String REMEDY =
      "Every folder of the split holds the images (JPEG, jpg, jpe, jfif, png, bmp, gif, tif, tiff, webp) of one class: "
          + "move what does not belong there away, fill or remove empty folders; for a folder of another layout name the folder "
          + "itself as INPUT";

  /** Copies the list. */
  public ClassFolders {
    images = List.copyOf(images);
  }

  /**
   * Opens one split.
   *
   * @param root the folder of the splits, or one with ImageNet's own {@code ILSVRC/Data/CLS-LOC}
   * @param split a folder in it, such as {@code "train"}
   * @throws BadInputException if there is no such split, or something in it is no folder of images;
   *     the message lists all that is
   * @throws IOException if a folder cannot be read
   */
  static ClassFolders open(Path root, String split) throws IOException {
    Path base = SampleFolders.base(root, split, "Data/CLS-LOC", "ILSVRC/Data/CLS-LOC");
    SampleFolders folders = new SampleFolders(base);
    Path parent = base.resolve(split);
    List<Path> images = new ArrayList<>();
    if (folders.present(parent)) {
      for (String name : folders.subfolders(parent)) {
        images.addAll(folders.images(parent.resolve(name)));
      }
    }
    return new ClassFolders(
        split, folders.sound(images, "split '%s' of ImageNet".formatted(split), REMEDY));
  }

  @Override
  public String name() {
    return NAME;
  }
}
