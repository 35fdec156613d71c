package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Cityscapes (Cordts et al., CVPR 2016) with fine annotations: {@code
 * leftImg8bit/{train,val}/CITY/NAME_leftImg8bit.png} and {@code
 * gtFine/{train,val}/CITY/NAME_gtFine_labelIds.png}. The label files hold the dataset's own ids;
 * they are mapped to class indices when they are read.
 */
public final class Cityscapes {
  /** The 19 classes of the benchmark (its "train ids"); all others are void. */
  public static final String NAME_19 = "cityscapes-19";

  /** The 27 classes with the ids 7 to 33, as unsupervised segmentation is scored. */
  public static final String NAME_27 = "cityscapes-27";

  private static final SampleFolders.Endings ENDINGS =
      new SampleFolders.Endings(
          List.of("_leftImg8bit.png"),
          "_gtFine_labelIds.png",
          List.of(
              "_gtFine_color.png",
              "_gtFine_instanceIds.png",
              "_gtFine_instanceTrainIds.png",
              "_gtFine_labelTrainIds.png",
              "_gtFine_polygons.json"));

  private static final String REMEDY =
      "Unpack leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip from "
          + "cityscapes-dataset.com into the same folder, and move what does not belong there "
          + "out of it";

  private Cityscapes() {}

  /**
   * The ids in label files of the 27 classes that have a number from 7 on, by the classes' names.
   */
  public static Map<String, Integer> labelIds() {
    PublishedLabels labels = PublishedLabels.of(NAME_27);
    Map<String, Integer> ids = new HashMap<>();
    for (int i = 0; i < labels.classes().size(); i++) {
      ids.put(labels.classes().name(i), labels.label(i));
    }
    return ids;
  }

  /**
   * Opens one split.
   *
   * @param name {@link #NAME_19} or {@link #NAME_27}
   * @param root the folder with {@code leftImg8bit} and {@code gtFine}
   * @param split {@code "train"} or {@code "val"}; the labels of the test split are not public
   * @throws BadInputException if there is no such split, or files are missing or do not belong
   *     there; the message lists them all
   * @throws IOException if a folder cannot be read
   */
  static Dataset open(String name, Path root, String split) throws IOException {
    PublishedLabels meaning = PublishedLabels.of(name);
    SampleFolders.requireSplit(name, split, List.of("train", "val"));
    SampleFolders folders = new SampleFolders(root);
    Path images = root.resolve("leftImg8bit").resolve(split);
    Path labels = root.resolve("gtFine").resolve(split);
    List<Sample> samples = new ArrayList<>();
    for (String city : folders.subfolders(images, labels)) {
      samples.addAll(folders.pair(images.resolve(city), labels.resolve(city), ENDINGS).values());
    }
    return new PublishedDataset(
        split,
        meaning,
        folders.sound(samples, "split '%s' of Cityscapes".formatted(split), REMEDY));
  }
}
