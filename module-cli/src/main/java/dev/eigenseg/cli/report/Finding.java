package dev.eigenseg.cli.report;

import dev.eigenseg.train.evaluation.ConfusionMatrix;
import java.util.List;
import java.util.Optional;

/**
 * What models made of one image, small enough to be kept until all images have been seen.
 *
 * @param name of the image
 * @param plate the image, with the clusters of each model as a map, and then the classes where
 *     there is a ground truth
 * @param outcomes of each model
 */
record Finding(String name, Plate plate, List<Outcome> outcomes) {
  /**
   * What one model made of it.
   *
   * @param counts pixels of the image by cluster
   * @param confusion clusters against classes, at the image's own size
   * @param clarity of its patches, as {@link Decisions#clarity}
   * @param eigenmaps some of the eigenfunctions, those of the largest clusters first; only of a few
   *     images
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Outcome(
      long[] counts,
      Optional<ConfusionMatrix> confusion,
      Optional<float[]> clarity,
      List<Eigenmap> eigenmaps) {}

  /**
   * An eigenfunction over an image.
   *
   * @param cluster its number
   * @param share of the image's pixels that fall into the cluster
   * @param picture to stand in a page
   */
  record Eigenmap(int cluster, double share, String picture) {}

  /** The clusters that a model chose. */
  SmallMap clusters(int model) {
    return plate.maps().get(model);
  }

  /** The ground truth, where there is one. */
  Optional<SmallMap> labels() {
    return plate.maps().stream().skip(outcomes.size()).findFirst();
  }
}
