package dev.eigenseg.train.evaluation;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ClassList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SequencedMap;

/**
 * How well named clusters agree with a ground truth, as fractions of one. Void pixels are not in
 * the counts, and clusters without a class are errors of the classes that they cover.
 *
 * @param accuracy the share of pixels with the right class
 * @param meanIou the mean intersection over union of the classes with a non-empty union
 * @param iou for each class its intersection over union, empty for a class that neither truth nor
 *     prediction contains
 */
public record Scores(double accuracy, double meanIou, List<OptionalDouble> iou) {
  /** Copies the list. */
  public Scores {
    iou = List.copyOf(iou);
  }

  /**
   * Scores a matching.
   *
   * @param classOfCluster the class of each cluster, or -1 for none
   * @throws BadInputException if no pixel was judged
   */
  public static Scores of(ConfusionMatrix confusion, int[] classOfCluster) {
    long total = confusion.total();
    if (total == 0) {
      throw new BadInputException(
          "every pixel of the ground truth is void, so there is nothing to score; check void_index in classes.json");
    }
    long[][] predicted = predictions(confusion, classOfCluster);
    long right = 0;
    double sum = 0;
    int present = 0;
    List<OptionalDouble> iou = new ArrayList<>();
    for (int c = 0; c < confusion.classes(); c++) {
      long both = predicted[c][c];
      long union = -both;
      for (int other = 0; other <= confusion.classes(); other++) {
        union += predicted[c][other];
        union += other < confusion.classes() ? predicted[other][c] : 0;
      }
      right += both;
      if (union == 0) {
        iou.add(OptionalDouble.empty());
      } else {
        iou.add(OptionalDouble.of((double) both / union));
        sum += (double) both / union;
        present++;
      }
    }
    return new Scores((double) right / total, sum / present, iou);
  }

  /**
   * Pixels by {@code [true class][predicted class]}; the last column holds what got no class.
   *
   * @param classOfCluster the class of each cluster, or -1 for none
   */
  public static long[][] predictions(ConfusionMatrix confusion, int[] classOfCluster) {
    if (classOfCluster.length != confusion.clusters()) {
      throw new IllegalArgumentException(
          "a matching of %d clusters for %s".formatted(classOfCluster.length, confusion));
    }
    int classes = confusion.classes();
    long[][] predicted = new long[classes][classes + 1];
    for (int cluster = 0; cluster < classOfCluster.length; cluster++) {
      int to = classOfCluster[cluster] < 0 ? classes : classOfCluster[cluster];
      for (int c = 0; c < classes; c++) {
        predicted[c][to] += confusion.count(cluster, c);
      }
    }
    return predicted;
  }

  /** How many classes the mean is taken over. */
  public int classesPresent() {
    return (int) iou.stream().filter(OptionalDouble::isPresent).count();
  }

  /** The intersection over union of each class that is there, by name, in index order. */
  public SequencedMap<String, Double> perClass(ClassList classes) {
    SequencedMap<String, Double> named = new LinkedHashMap<>();
    for (int c = 0; c < iou.size(); c++) {
      if (iou.get(c).isPresent()) {
        named.put(classes.name(c), iou.get(c).getAsDouble());
      }
    }
    return named;
  }

  /**
   * The names of the classes that neither truth nor prediction contains and that the mean therefore
   * leaves out.
   */
  public List<String> absentClasses(ClassList classes) {
    List<String> absent = new ArrayList<>();
    for (int c = 0; c < iou.size(); c++) {
      if (iou.get(c).isEmpty()) {
        absent.add(classes.name(c));
      }
    }
    return absent;
  }
}
