package dev.eigenseg.cli.mask;

import dev.eigenseg.train.dataset.LabelMap;
import java.nio.file.Path;

/**
 * A segmented image and the file of its label map.
 *
 * @param name of the image's file, with the folders below the one that the user named
 * @param stem the name without its ending
 * @param image the file
 * @param labels a PNG of indices
 */
public record ImageMask(Path name, String stem, Path image, Path labels) {
  LabelMap read() {
    return LabelMap.read(labels);
  }
}
