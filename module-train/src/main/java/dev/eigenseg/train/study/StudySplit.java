package dev.eigenseg.train.study;

/**
 * Images of a study.
 *
 * @param dataset a name of {@link dev.eigenseg.train.dataset.Datasets}, or {@link #SCENES}
 * @param split such as {@code "train"}
 */
public record StudySplit(String dataset, String split) {
  /** The generated scenes of {@code demo}, which a study makes for itself. */
  public static final String SCENES = "scenes";

  /** Reads {@code "camvid/train"}. */
  static StudySplit parse(String text) {
    int slash = text.indexOf('/');
    return new StudySplit(text.substring(0, slash), text.substring(slash + 1));
  }

  @Override
  public String toString() {
    return dataset + "/" + split;
  }
}
