package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Pascal Context (Mottaghi et al., CVPR 2014) in VOC 2010's folders: {@code JPEGImages/NAME.jpg},
 * {@code SegmentationClassContext/NAME.png} and the names of a split in {@code
 * ImageSets/SegmentationContext/{train,val}.txt}. The label files hold 0 for background and 1 to 59
 * for the most frequent classes in alphabetical order, as the usual conversion of the annotations
 * writes them.
 */
public final class PascalContext {
  /** The 59 classes; background is void. */
  public static final String NAME_59 = "pascal-context-59";

  /** Background, as class 0, and the 59 classes. */
  public static final String NAME_60 = "pascal-context-60";

  private static final String IMAGES = "JPEGImages";

  private static final String REMEDY =
      "JPEGImages is part of VOC 2010 (VOCtrainval_03-May-2010.tar); SegmentationClassContext "
          + "and the lists are made from the annotations trainval_merged.json by the converter "
          + "for Pascal Context of mmsegmentation, which needs the package detail";

  private PascalContext() {}

  /**
   * Opens one split.
   *
   * @param name {@link #NAME_59} or {@link #NAME_60}
   * @param root the folder {@code VOC2010}, or {@code VOCdevkit} around it, or the one around that
   * @param split {@code "train"} or {@code "val"}
   * @throws BadInputException if there is no such split, or files are missing; the message lists
   *     them all
   * @throws IOException if the list cannot be read
   */
  static Dataset open(String name, Path root, String split) throws IOException {
    PublishedLabels meaning = PublishedLabels.of(name);
    SampleFolders.requireSplit(name, split, List.of("train", "val"));
    Path voc = SampleFolders.base(root, IMAGES, "VOC2010", "VOCdevkit/VOC2010");
    SampleFolders folders = new SampleFolders(voc);
    List<Sample> samples =
        folders.listed(
            voc.resolve("ImageSets", "SegmentationContext", split + ".txt"),
            voc.resolve(IMAGES),
            voc.resolve("SegmentationClassContext"));
    return new PublishedDataset(
        split,
        meaning,
        folders.sound(samples, "split '%s' of Pascal Context".formatted(split), REMEDY));
  }
}
