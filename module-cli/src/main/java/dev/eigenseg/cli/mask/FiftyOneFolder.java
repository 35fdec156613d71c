package dev.eigenseg.cli.mask;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.Images;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.ResultNames;
import dev.eigenseg.train.dataset.LabelMap;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A folder as FiftyOne's {@code ImageSegmentationDirectory} reads it: the images in {@code data},
 * their label maps under the same names in {@code labels}. FiftyOne shows 0 as nothing, so that the
 * values are those of the classes plus one; {@code mask_targets.json} says what they mean.
 *
 * <p>Some of its readers turn an image as EXIF says and some do not, and masks lie on the upright
 * one. So an image that carries an orientation is written upright and without it, as a PNG, of
 * which nothing is lost; all others are copied as they are.
 */
public final class FiftyOneFolder {
  private FiftyOneFolder() {}

  /**
   * Writes such a folder; every file in it is whole or absent.
   *
   * @param images whose label maps are there
   * @param classes of their indices; other indices become 0
   * @throws dev.eigenseg.api.CancelledException if the user wants to stop; asked before every image
   */
  public static void write(
      Path folder, List<ImageMask> images, ClassList classes, Progress progress)
      throws IOException {
    Files.createDirectories(folder);
    try (Progress.Task task = progress.start("fiftyone", images.size(), "images")) {
      for (ImageMask image : images) {
        progress.checkCancelled();
        Path data = folder.resolve("data").resolve(image.name());
        Path labels = folder.resolve("labels").resolve(ResultNames.map(image.stem()));
        Files.createDirectories(data.getParent());
        Files.createDirectories(labels.getParent());
        if (Images.header(image.image()).orientation() > 1) {
          Images.writePng(
              Images.read(image.image()), folder.resolve("data").resolve(image.stem() + ".png"));
        } else {
          copy(image.image(), data);
        }
        Images.writePng(shifted(image.read(), classes.size()), labels);
        task.advance(1);
      }
    }
    AtomicFile.writeString(folder.resolve("mask_targets.json"), targets(classes));
  }

  private static void copy(Path from, Path to) throws IOException {
    if (Files.exists(to) && Files.isSameFile(from, to)) {
      return;
    }
    AtomicFile.write(
        to,
        target -> {
          try (FileChannel source = FileChannel.open(from)) {
            for (long done = 0; done < source.size(); ) {
              done += source.transferTo(done, source.size() - done, target);
            }
          }
        });
  }

  private static BufferedImage shifted(LabelMap labels, int classes) {
    BufferedImage image =
        new BufferedImage(
            labels.width(),
            labels.height(),
            classes > 0xFF ? BufferedImage.TYPE_USHORT_GRAY : BufferedImage.TYPE_BYTE_GRAY);
    DataBuffer data = image.getRaster().getDataBuffer();
    for (int y = 0; y < labels.height(); y++) {
      for (int x = 0; x < labels.width(); x++) {
        int label = labels.at(x, y);
        data.setElem(y * labels.width() + x, label < classes ? label + 1 : 0);
      }
    }
    return image;
  }

  private static String targets(ClassList classes) {
    JsonObject targets = new JsonObject();
    for (int i = 0; i < classes.size(); i++) {
      targets.addProperty(Integer.toString(i + 1), classes.name(i));
    }
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(targets)
        + "\n";
  }
}
