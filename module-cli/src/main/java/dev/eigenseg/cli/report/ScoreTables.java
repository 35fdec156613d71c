package dev.eigenseg.cli.report;

import dev.eigenseg.api.ClassList;
import dev.eigenseg.train.evaluation.ConfusionMatrix;
import dev.eigenseg.train.evaluation.Scores;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How a model agrees with a ground truth.
 *
 * @param model what the page calls it
 * @param miou in percent
 * @param accuracy in percent
 * @param scores the numbers behind these
 * @param columns the classes of the confusion matrix that are predicted
 * @param rows the classes that are in the ground truth
 * @param numbers whether the cells have room for numbers
 */
record ScoreTables(
    String model,
    String miou,
    String accuracy,
    Scores scores,
    List<String> columns,
    List<Row> rows,
    boolean numbers) {
  // More columns than this leave no room for numbers on a usual screen.
  private static final int COLUMNS_WITH_NUMBERS = 24;
  private static final double VISIBLE = 0.005;
  private static final double DARK = 0.5;

  /** What became of the pixels of one class. */
  record Row(String name, String color, List<Cell> cells) {}

  /**
   * A share of the pixels of one class.
   *
   * @param share as a fraction
   * @param title the whole sentence
   * @param text the number, empty where there is no room or next to nothing
   * @param right whether it is the diagonal
   * @param dark whether text on it has to be light
   */
  record Cell(String share, String title, String text, boolean right, boolean dark) {}

  /** The tables of a naming and its scores. */
  static ScoreTables of(
      String model, Scores scores, ConfusionMatrix confusion, ClassList classes, Naming naming) {
    List<String> targets = new ArrayList<>();
    classes.classes().forEach(known -> targets.add(known.name()));
    targets.add("no class");
    long[][] counts = Scores.predictions(confusion, naming.classOfCluster());
    List<Integer> columns =
        IntStream.range(0, targets.size())
            .filter(to -> IntStream.range(0, counts.length).anyMatch(from -> counts[from][to] > 0))
            .boxed()
            .toList();
    boolean numbers = columns.size() <= COLUMNS_WITH_NUMBERS;
    List<Row> rows = new ArrayList<>();
    for (int from = 0; from < counts.length; from++) {
      if (confusion.classTotal(from) > 0) {
        rows.add(row(from, counts[from], columns, classes, targets, numbers));
      }
    }
    return new ScoreTables(
        model,
        Text.percent(scores.meanIou()),
        Text.percent(scores.accuracy()),
        scores,
        columns.stream().map(targets::get).toList(),
        rows,
        numbers);
  }

  private static Row row(
      int from,
      long[] counts,
      List<Integer> columns,
      ClassList classes,
      List<String> targets,
      boolean numbers) {
    double total = 0;
    for (long count : counts) {
      total += count;
    }
    List<Cell> cells = new ArrayList<>();
    for (int to : columns) {
      double share = counts[to] / total;
      cells.add(
          new Cell(
              Text.number(share),
              "%s taken for %s: %s %%"
                  .formatted(classes.name(from), targets.get(to), Text.percent(share)),
              numbers && share >= VISIBLE ? Long.toString(Math.round(100 * share)) : "",
              to == from,
              share > DARK));
    }
    return new Row(classes.name(from), Text.color(classes.classes().get(from).rgb()), cells);
  }
}
