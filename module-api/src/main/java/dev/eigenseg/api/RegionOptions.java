package dev.eigenseg.api;

/**
 * Decides for connected regions of an image in place of single patches: Ward's agglomeration (1963)
 * of touching patches by the two terms of the kernel, features and colours. Every region then has
 * the cluster that is likeliest in it as a whole, and touching regions of one cluster are one
 * segment. Few large segments with the outlines of things, for photographs of anything.
 *
 * @param alpha weight of squared distances of colours, from 0 to 1 a channel, beside those of
 *     features of length 1
 * @param share what tells two regions apart: the least increase of the sum of squared distances to
 *     the means that keeps them apart, as a share of all patches. Fewer regions the larger it is
 */
public record RegionOptions(double alpha, double share) {
  /**
   * Colours weigh what they weigh in the kernel; the share is the one at which regions of
   * photographs agree best with those of their mirror images.
   */
  public static final RegionOptions DEFAULT = new RegionOptions(0.3, 0.008);

  /** Checks the ranges. */
  public RegionOptions {
    if (!(alpha >= 0 && alpha < Double.POSITIVE_INFINITY) || !(share > 0 && share < 1)) {
      throw new IllegalArgumentException(
          "alpha %s, share %s: expected a number from 0, and one between 0 and 1"
              .formatted(alpha, share));
    }
  }
}
