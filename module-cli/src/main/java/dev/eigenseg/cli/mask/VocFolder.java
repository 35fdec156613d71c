package dev.eigenseg.cli.mask;

import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.ResultNames;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;

/**
 * A folder as Pascal VOC's: copies of the images in {@code JPEGImages}, under their own names and
 * endings, palette PNGs in {@code SegmentationClass}, and the list of both. Value 0 is a pixel
 * without a class, the others are the classes' indices plus one. With {@code labelmap.txt}, which
 * names the colours, it is what CVAT calls a segmentation mask 1.1.
 */
public final class VocFolder {
  private static final String BACKGROUND = "background";

  private VocFolder() {}

  /**
   * Writes such a folder; every file in it is whole or absent.
   *
   * @param images whose label maps are there
   * @param classes of their indices, at most 255; other indices become 0
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static void write(
      Path folder, List<ImageMask> images, ClassList classes, Progress progress)
      throws IOException {
    int[] colors = ClassColors.of(classes);
    Path lists = folder.resolve("ImageSets").resolve("Segmentation");
    Files.createDirectories(lists);
    List<String> names = new ArrayList<>();
    try (Progress.Task task = progress.start(ResultNames.VOC, images.size(), "images")) {
      for (ImageMask image : images) {
        progress.checkCancelled();
        ImageCopy.write(image, folder.resolve("JPEGImages"));
        Path labels = folder.resolve("SegmentationClass").resolve(image.stem() + ".png");
        Files.createDirectories(labels.getParent());
        Images.writePng(LabelImages.palette(image.read(), colors), labels);
        names.add(image.stem().replace(File.separatorChar, '/'));
        task.advance(1);
      }
    }
    AtomicFile.writeString(lists.resolve("default.txt"), String.join("\n", names) + "\n");
    AtomicFile.writeString(folder.resolve("labelmap.txt"), labelMap(classes, colors));
  }

  private static String labelMap(ClassList classes, int[] colors) {
    StringJoiner lines = new StringJoiner("\n", "", "\n");
    lines.add("# label:color_rgb:parts:actions");
    Set<String> taken = new HashSet<>();
    for (int i = 0; i < colors.length; i++) {
      String plain = i == 0 ? BACKGROUND : classes.name(i - 1).replaceAll("\\s*[:\\v]\\s*", " ");
      String name = DistinctNames.take(plain.replaceFirst("^#+\\s*", ""), taken);
      lines.add(
          "%s:%d,%d,%d::"
              .formatted(name, colors[i] >> 16 & 255, colors[i] >> 8 & 255, colors[i] & 255));
    }
    return lines.toString();
  }
}
