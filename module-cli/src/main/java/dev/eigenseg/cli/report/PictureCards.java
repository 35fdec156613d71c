package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.train.evaluation.ConfusionMatrix;
import dev.eigenseg.train.evaluation.Scores;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.stream.IntStream;

/** The images of a report, each with what the models made of it. */
final class PictureCards {
  /**
   * One image.
   *
   * @param order in which it came
   * @param labels the ground truth
   * @param cells one for each model
   */
  record Card(
      int order,
      String name,
      Size shown,
      String photo,
      Optional<SmallMap> labels,
      List<Cell> cells) {}

  /**
   * An image and one model.
   *
   * @param index the model's
   * @param first whether it is the first model's
   * @param label of the model
   * @param map the clusters
   * @param counts pairs of a cluster and its pixels, as JSON
   * @param unclear the share of its least clear patches; empty for a model without names
   * @param score empty where there is no ground truth, or it is void all over
   */
  record Cell(
      int index,
      boolean first,
      String label,
      SmallMap map,
      String counts,
      Optional<Share> unclear,
      Optional<Score> score) {}

  /** A share, as a fraction and in percent. */
  record Share(String fraction, String text) {}

  /** How well an image agrees with its ground truth. */
  record Score(String miou, String miouText, String accuracy, String accuracyText) {}

  private PictureCards() {}

  static List<Card> of(Survey survey, List<Report.ReportedModel> models) {
    List<Optional<List<Double>>> unclear =
        IntStream.range(0, models.size()).mapToObj(survey::unclear).toList();
    List<Card> cards = new ArrayList<>();
    for (Finding finding : survey.findings()) {
      int order = cards.size();
      List<Cell> cells = new ArrayList<>();
      for (int model = 0; model < models.size(); model++) {
        Optional<Double> share = unclear.get(model).map(shares -> shares.get(order));
        cells.add(cell(finding, model, models.get(model), share));
      }
      Plate plate = finding.plate();
      cards.add(
          new Card(order, finding.name(), plate.size(), plate.photo(), finding.labels(), cells));
    }
    return cards;
  }

  private static Cell cell(
      Finding finding, int index, Report.ReportedModel model, Optional<Double> unclear) {
    Finding.Outcome outcome = finding.outcomes().get(index);
    return new Cell(
        index,
        index == 0,
        model.label(),
        finding.clusters(index),
        counts(outcome.counts()),
        unclear.map(share -> new Share(Text.number(share), Text.percent(share))),
        outcome
            .confusion()
            .filter(confusion -> confusion.total() > 0)
            .map(confusion -> score(confusion, model.naming())));
  }

  private static String counts(long[] counts) {
    StringJoiner pairs = new StringJoiner(",", "[", "]");
    for (int cluster = 0; cluster < counts.length; cluster++) {
      if (counts[cluster] > 0) {
        pairs.add("[" + cluster + "," + counts[cluster] + "]");
      }
    }
    return pairs.toString();
  }

  private static Score score(ConfusionMatrix confusion, Naming naming) {
    Scores scores = Scores.of(confusion, naming.classOfCluster());
    return new Score(
        Text.number(scores.meanIou()),
        Text.percent(scores.meanIou()),
        Text.number(scores.accuracy()),
        Text.percent(scores.accuracy()));
  }
}
