package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * ADE20K as the scene parsing challenge of 2016 has it (Zhou et al., CVPR 2017): {@code
 * images/{training,validation}/NAME.jpg} and {@code annotations/{training,validation}/NAME.png}
 * with 150 classes from 1; 0 is void.
 */
public final class Ade20k {
  /** The name for {@link Datasets#open}. */
  public static final String NAME = "ade20k";

  private static final Map<String, String> FOLDERS =
      Map.of("train", "training", "val", "validation");

  private static final String REMEDY =
      "Unpack ADEChallengeData2016.zip from sceneparsing.csail.mit.edu (not the full ADE20K, "
          + "whose labels are coded otherwise), and move what does not belong there out of its "
          + "folders";

  private Ade20k() {}

  /**
   * Opens one split.
   *
   * @param root the folder {@code ADEChallengeData2016} or the one around it
   * @param split {@code "train"} or {@code "val"}
   * @throws BadInputException if there is no such split, or files are missing or do not belong
   *     there; the message lists them all
   * @throws IOException if a folder cannot be read
   */
  static Dataset open(Path root, String split) throws IOException {
    SampleFolders.requireSplit(NAME, split, List.of("train", "val"));
    Path challenge = SampleFolders.base(root, "annotations", "ADEChallengeData2016");
    SampleFolders folders = new SampleFolders(challenge);
    List<Sample> samples =
        List.copyOf(
            folders
                .pair(
                    challenge.resolve("images", FOLDERS.get(split)),
                    challenge.resolve("annotations", FOLDERS.get(split)))
                .values());
    return new PublishedDataset(
        split,
        PublishedLabels.of(NAME),
        folders.sound(samples, "split '%s' of ADE20K".formatted(split), REMEDY));
  }
}
