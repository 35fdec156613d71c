package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.train.evaluation.ConfusionMatrix;
import java.util.List;
import java.util.Optional;

/**
 * What a model made of one image, small enough to be kept until all images have been seen.
 *
 * @param name of the image
 * @param size its own
 * @param photo the image, to stand in a page
 * @param clusters the cluster of each pixel of the photo
 * @param labels the class of each pixel of the photo
 * @param counts pixels of the image by cluster
 * @param confidence the mean probability of the clusters chosen
 * @param confusion clusters against classes, at the image's own size
 * @param eigenmaps some of the eigenfunctions, those of the largest clusters first; only of a few
 *     images
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Finding(
    String name,
    Size size,
    String photo,
    SmallMap clusters,
    Optional<SmallMap> labels,
    long[] counts,
    double confidence,
    Optional<ConfusionMatrix> confusion,
    List<Eigenmap> eigenmaps) {
  /**
   * An eigenfunction over an image.
   *
   * @param cluster its number
   * @param share of the image's pixels that fall into the cluster
   * @param picture to stand in a page
   */
  record Eigenmap(int cluster, double share, String picture) {}
}
