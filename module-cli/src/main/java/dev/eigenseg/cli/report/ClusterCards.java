package dev.eigenseg.cli.report;

import dev.eigenseg.train.evaluation.ConfusionMatrix;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The clusters of a report, the most used first; those that no pixel falls into are left out. */
final class ClusterCards {
  /**
   * One cluster.
   *
   * @param share of all pixels, as a fraction
   * @param purity the share of its judged pixels that belong to its largest class
   * @param patches the most typical ones side by side
   */
  record Card(
      int cluster,
      String share,
      String shareText,
      Optional<Purity> purity,
      Optional<TypicalPatches.Strip> patches) {}

  /** How much of a cluster is of one class. */
  record Purity(String fraction, String text, String largest) {}

  private ClusterCards() {}

  static List<Card> of(Survey survey, int model) {
    long[] counts = survey.counts(model);
    double total = Arrays.stream(counts).sum();
    Optional<ConfusionMatrix> confusion = survey.confusion(model);
    return IntStream.range(0, counts.length)
        .filter(cluster -> counts[cluster] > 0)
        .boxed()
        .sorted(Comparator.comparingLong((Integer cluster) -> counts[cluster]).reversed())
        .map(cluster ->
            new Card(
                cluster,
                Text.number(counts[cluster] / total),
                Text.percent(counts[cluster] / total),
                confusion.flatMap(matrix -> purity(survey, matrix, cluster)),
                survey.patches(model).of(cluster)))
        .toList();
  }

  private static Optional<Purity> purity(Survey survey, ConfusionMatrix confusion, int cluster) {
    long judged = confusion.clusterTotal(cluster);
    if (judged == 0) {
      return Optional.empty();
    }
    int largest =
        IntStream.range(0, confusion.classes())
            .boxed()
            .max(Comparator.comparingLong(c -> confusion.count(cluster, c)))
            .orElseThrow();
    double purity = (double) confusion.count(cluster, largest) / judged;
    return Optional.of(
        new Purity(
            Text.number(purity),
            Text.percent(purity),
            survey.dataset().orElseThrow().classes().name(largest)));
  }
}
