package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.evaluation.ConfusionMatrix;
import dev.eigenseg.train.evaluation.Scores;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The images of a report, each with what can be laid over it. */
final class PictureCards {
  private static final int OPAQUE = 0xFF000000;

  // Right pixels fade away, so that the photograph shows where wrong ones lie.
  private static final int RIGHT = 0xA0F4F4F4;
  private static final int WRONG = 0xE0D1403F;
  private static final int VOID = 0xB0303030;

  private static final int LARGEST_PARTS = 4;

  /**
   * One image.
   *
   * @param order in which it came
   * @param parts the largest of its segments, by name
   * @param score empty where there is no ground truth, or it is void all over
   */
  record Card(
      int order,
      String name,
      Size size,
      Size shown,
      String photo,
      String segments,
      Optional<Truth> truth,
      List<Part> parts,
      String confidence,
      String confidenceText,
      Optional<Score> score) {}

  /** The ground truth, and where the model differs from it. */
  record Truth(String labels, String errors) {}

  /** A class, or a cluster without one, and its share of the pixels. */
  record Part(String name, String color, String share) {
    /** All that occur, the largest first. */
    static List<Part> of(long[] pixelsOfCluster, Naming naming) {
      Map<String, Long> pixels = new LinkedHashMap<>();
      Map<String, Integer> colors = new LinkedHashMap<>();
      for (int cluster = 0; cluster < pixelsOfCluster.length; cluster++) {
        if (pixelsOfCluster[cluster] > 0) {
          pixels.merge(naming.label(cluster), pixelsOfCluster[cluster], Long::sum);
          colors.put(naming.label(cluster), naming.color(cluster));
        }
      }
      double total = Arrays.stream(pixelsOfCluster).sum();
      return pixels.entrySet().stream()
          .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
          .map(part ->
              new Part(
                  part.getKey(),
                  Text.color(colors.get(part.getKey())),
                  Text.percent(part.getValue() / total)))
          .toList();
    }
  }

  /** How well an image agrees with its ground truth. */
  record Score(String miou, String miouText, String accuracy, String accuracyText) {}

  private final Naming naming;
  private final Optional<Dataset> dataset;

  PictureCards(Naming naming, Optional<Dataset> dataset) {
    this.naming = naming;
    this.dataset = dataset;
  }

  List<Card> of(List<Finding> findings) {
    List<Card> cards = new ArrayList<>();
    for (Finding finding : findings) {
      cards.add(card(cards.size(), finding));
    }
    return cards;
  }

  private Card card(int order, Finding finding) {
    Size size = finding.size();
    return new Card(
        order,
        finding.name(),
        size,
        Thumbnail.sizeOf(size.width(), size.height()),
        finding.photo(),
        Embedded.png(finding.clusters().draw(cluster -> OPAQUE | naming.color(cluster))),
        finding.labels().map(labels -> truth(finding.clusters(), labels)),
        Part.of(finding.counts(), naming).stream().limit(LARGEST_PARTS).toList(),
        Text.number(finding.confidence()),
        Text.percent(finding.confidence()),
        finding.confusion().filter(confusion -> confusion.total() > 0).map(this::score));
  }

  private Truth truth(SmallMap clusters, SmallMap labels) {
    Dataset known = dataset.orElseThrow();
    int[] classOfCluster = naming.classOfCluster();
    BufferedImage drawn =
        labels.draw(label -> label == known.voidIndex() ? VOID : classColor(label));
    BufferedImage errors =
        clusters.draw(
            labels,
            (cluster, label) -> {
              if (label == known.voidIndex()) {
                return VOID;
              }
              return classOfCluster[cluster] == label ? RIGHT : WRONG;
            });
    return new Truth(Embedded.png(drawn), Embedded.png(errors));
  }

  private int classColor(int label) {
    return OPAQUE | dataset.orElseThrow().classes().classes().get(label).rgb();
  }

  private Score score(ConfusionMatrix confusion) {
    Scores scores = Scores.of(confusion, naming.classOfCluster());
    return new Score(
        Text.number(scores.meanIou()),
        Text.percent(scores.meanIou()),
        Text.number(scores.accuracy()),
        Text.percent(scores.accuracy()));
  }
}
