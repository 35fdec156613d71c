package dev.eigenseg.cli.segment;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.file.ResultNames;
import dev.eigenseg.cli.mask.CityscapesFolder;
import dev.eigenseg.cli.mask.CocoFile;
import dev.eigenseg.cli.mask.FiftyOneFolder;
import dev.eigenseg.cli.mask.ImageMask;
import dev.eigenseg.cli.mask.VocFolder;
import dev.eigenseg.cli.session.KebabEnum;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Forms of masks for other tools, beside the PNGs. */
enum MaskFormat {
  COCO_RLE,
  POLYGONS,
  FIFTYONE,
  VOC,
  CITYSCAPES;

  // Value 0 is no class.
  private static final int MOST_CLASSES = 0xFF;

  /**
   * Checks that classes fit, before there is any work.
   *
   * @throws BadInputException if there are more of them than a map of 8 bits holds
   */
  void require(ClassList classes) {
    if ((this == VOC || this == CITYSCAPES) && classes.size() > MOST_CLASSES) {
      throw new BadInputException(
          "--format %s has label maps of 8 bits for %d classes, and here are %d; --segments merges them"
              .formatted(name().toLowerCase(Locale.ROOT), MOST_CLASSES, classes.size()));
    }
  }

  /** Writes the masks of images into the folder of the results. */
  void write(Path output, List<ImageMask> masks, ClassList classes, Progress progress)
      throws IOException {
    switch (this) {
      case COCO_RLE ->
          CocoFile.write(
              output.resolve("coco-rle.json"), masks, classes, CocoFile.Shape.RLE, progress);
      case POLYGONS ->
          CocoFile.write(
              output.resolve("coco-polygons.json"),
              masks,
              classes,
              CocoFile.Shape.POLYGONS,
              progress);
      case FIFTYONE ->
          FiftyOneFolder.write(output.resolve(ResultNames.FIFTYONE), masks, classes, progress);
      case VOC -> VocFolder.write(output.resolve(ResultNames.VOC), masks, classes, progress);
      case CITYSCAPES ->
          CityscapesFolder.write(output.resolve(ResultNames.CITYSCAPES), masks, classes, progress);
    }
  }

  /** Reads one. */
  static final class Converter extends KebabEnum<MaskFormat> {
    Converter() {
      super(MaskFormat.class);
    }
  }
}
