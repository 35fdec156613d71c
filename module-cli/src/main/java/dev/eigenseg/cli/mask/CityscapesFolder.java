package dev.eigenseg.cli.mask;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.ResultNames;
import dev.eigenseg.train.dataset.Cityscapes;
import dev.eigenseg.train.dataset.LabelMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.stream.IntStream;

/**
 * A folder as Cityscapes': the images as PNGs in {@code leftImg8bit/train/CITY}, and in {@code
 * gtFine/train/CITY} for each the {@code labelIds}, the {@code color}, and the {@code instanceIds},
 * which hold the label's number where instances are not told apart. The city is the image's folder.
 *
 * <p>Where all classes are Cityscapes' by their names, they have its numbers and their own colours,
 * and 0 is unlabeled. Other classes are numbered from 1, each has a colour for itself, and {@code
 * label_colors.txt} says which.
 */
public final class CityscapesFolder {
  private static final String SPLIT = "train";
  private static final String NO_CITY = "images";

  private final Path folder;
  private final int[] ids;
  private final int[] colors;
  private final Set<Path> written = new HashSet<>();

  private CityscapesFolder(Path folder, int[] ids, int[] colors) {
    this.folder = folder;
    this.ids = ids;
    this.colors = colors;
  }

  /**
   * Writes such a folder; every file in it is whole or absent.
   *
   * @param images whose label maps are there
   * @param classes of their indices, at most 255; other indices become 0
   * @throws BadInputException if two images would have one name in it
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static void write(
      Path folder, List<ImageMask> images, ClassList classes, Progress progress)
      throws IOException {
    Optional<int[]> published = publishedIds(classes);
    int[] colors = published.isPresent() ? ownColors(classes) : ClassColors.of(classes);
    CityscapesFolder maps =
        new CityscapesFolder(
            folder,
            published.orElseGet(() -> IntStream.rangeClosed(1, classes.size()).toArray()),
            colors);
    try (Progress.Task task = progress.start(ResultNames.CITYSCAPES, images.size(), "images")) {
      for (ImageMask image : images) {
        progress.checkCancelled();
        maps.write(image);
        task.advance(1);
      }
    }
    Path legend = folder.resolve("label_colors.txt");
    if (published.isPresent()) {
      Files.deleteIfExists(legend);
    } else {
      AtomicFile.writeString(legend, legend(classes, colors));
    }
  }

  private static Optional<int[]> publishedIds(ClassList classes) {
    Map<String, Integer> published = Cityscapes.labelIds();
    boolean all = classes.classes().stream().allMatch(c -> published.containsKey(c.name()));
    return all
        ? Optional.of(classes.classes().stream().mapToInt(c -> published.get(c.name())).toArray())
        : Optional.empty();
  }

  private static int[] ownColors(ClassList classes) {
    return IntStream.concat(
            IntStream.of(0), classes.classes().stream().mapToInt(ClassList.NamedClass::rgb))
        .toArray();
  }

  private void write(ImageMask image) throws IOException {
    Path stem = Path.of(image.stem());
    Path city = stem.getParent() == null ? Path.of(NO_CITY) : stem.getParent();
    String name = stem.getFileName().toString();
    if (!written.add(city.resolve(name))) {
      throw new BadInputException(
          "%s: another image without a folder is '%s' of the city '%s' too; rename one of them"
              .formatted(image.image(), name, NO_CITY));
    }
    Path images = folder.resolve("leftImg8bit").resolve(SPLIT).resolve(city);
    ImageCopy.writePng(image, images.resolve(name + "_leftImg8bit.png"));
    Path maps = folder.resolve("gtFine").resolve(SPLIT).resolve(city);
    Files.createDirectories(maps);
    LabelMap labels = image.read();
    String start = name + "_gtFine_";
    Images.writePng(LabelImages.grey(labels, ids, false), maps.resolve(start + "labelIds.png"));
    Images.writePng(LabelImages.grey(labels, ids, true), maps.resolve(start + "instanceIds.png"));
    Images.writePng(LabelImages.colors(labels, colors), maps.resolve(start + "color.png"));
  }

  // Read by Datumaro, which ends a name at its first blank.
  private static String legend(ClassList classes, int[] colors) {
    StringJoiner lines = new StringJoiner("\n", "", "\n");
    Set<String> taken = new HashSet<>();
    for (int i = 0; i < colors.length; i++) {
      String plain = i == 0 ? "unlabeled" : classes.name(i - 1).replaceAll("\\s+", "_");
      String name = DistinctNames.take(plain, taken);
      lines.add(
          "%d %d %d %s"
              .formatted(colors[i] >> 16 & 255, colors[i] >> 8 & 255, colors[i] & 255, name));
    }
    return lines.toString();
  }
}
