package dev.eigenseg.train.dataset;

import dev.eigenseg.api.ClassFiles;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.train.dataset.scene.SceneClass;
import dev.eigenseg.train.dataset.scene.SceneRenderer;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Writes pictures of invented streets, canals, coasts, lakes and villages whose ground truth is
 * known exactly, as a dataset that {@link FolderDataset} opens. Weather, colours and layout change
 * from picture to picture; the colours of the classes overlap (sky and water, sand and plaster,
 * grass and trees), so that colour alone does not tell them apart.
 */
public final class GeneratedScenes {
  /** The split to learn from. */
  public static final String TRAIN = "train";

  /** The split to evaluate on. */
  public static final String VAL = "val";

  private GeneratedScenes() {}

  /** The classes of the ground truth. */
  public static ClassList classes() {
    return new ClassList(
        Arrays.stream(SceneClass.values())
            .map(c ->
                new ClassList.NamedClass(
                    c.name().charAt(0) + c.name().substring(1).toLowerCase(Locale.ROOT), c.rgb()))
            .toList());
  }

  /**
   * Writes a dataset: {@code images/{train,val}}, {@code labels/{train,val}} and {@code
   * classes.json}. Each file is whole or absent; what is there is replaced. The same arguments give
   * the same pixels on every machine, and a picture does not depend on how many others there are.
   *
   * @param root the folder, made if needed
   * @param trainImages pictures of the split to learn from
   * @param valImages pictures of the split to evaluate on
   * @param size of every picture
   * @param seed the same gives the same pictures
   * @param threads how many pictures are drawn at the same time
   * @throws IOException if a file cannot be written
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every
   *     picture
   */
  public static void write(
      Path root,
      int trainImages,
      int valImages,
      Size size,
      long seed,
      int threads,
      Progress progress)
      throws IOException {
    for (String split : new String[] {TRAIN, VAL}) {
      Files.createDirectories(root.resolve("images").resolve(split));
      Files.createDirectories(root.resolve("labels").resolve(split));
    }
    ClassFiles.write(
        root.resolve("classes.json"),
        new ClassFiles.LabelClasses(classes(), SceneClass.values().length));
    long pictures = (long) trainImages + valImages;
    try (Progress.Task task = progress.start("scenes", pictures, "images")) {
      Parallel.forEach(
          threads,
          pictures,
          i -> {
            progress.checkCancelled();
            boolean train = i < trainImages;
            one(root, train ? TRAIN : VAL, train ? i : i - trainImages, size, seed);
            task.advance(1);
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void one(Path root, String split, long number, Size size, long seed) {
    // Validation pictures count downwards from -1, so that no scene is in both splits.
    long index = split.equals(TRAIN) ? number : -1 - number;
    SceneRenderer.Picture picture =
        SceneRenderer.render(
            seed * 0x9e3779b97f4a7c15L + index * 0xd1342543de82ef95L, size.width(), size.height());
    String name = String.format(Locale.ROOT, "scene-%04d.png", number);
    BufferedImage labels = LabelMap.of(size.width(), size.height(), picture.labels()).toImage();
    try {
      Images.writePng(picture.image(), root.resolve("images").resolve(split).resolve(name));
      Images.writePng(labels, root.resolve("labels").resolve(split).resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
