package dev.eigenseg.cli.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Which images of a page a model decided least clearly: for each the share of its patches that are
 * among the quarter of all patches where two names are nearest. A quarter is the average, whatever
 * the model: it orders images, and says nothing of how many errors there are.
 */
final class Unclear {
  private static final double QUARTER = 0.25;

  private Unclear() {}

  /**
   * The share of each image.
   *
   * @param clarities of each image's patches, as {@link Decisions#clarity}
   * @return nothing if there are no names, or no other image to compare with
   */
  static Optional<List<Double>> of(List<Optional<float[]>> clarities) {
    if (clarities.size() < 2 || clarities.stream().anyMatch(Optional::isEmpty)) {
      return Optional.empty();
    }
    List<float[]> known = clarities.stream().map(Optional::orElseThrow).toList();
    float[] all = new float[known.stream().mapToInt(each -> each.length).sum()];
    int filled = 0;
    for (float[] each : known) {
      System.arraycopy(each, 0, all, filled, each.length);
      filled += each.length;
    }
    Arrays.sort(all);
    float limit = all[(int) (QUARTER * all.length)];
    List<Double> shares = new ArrayList<>();
    for (float[] each : known) {
      int below = 0;
      for (float clarity : each) {
        below += clarity < limit ? 1 : 0;
      }
      shares.add((double) below / each.length);
    }
    return Optional.of(shares);
  }
}
