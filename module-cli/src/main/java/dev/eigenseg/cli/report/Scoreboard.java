package dev.eigenseg.cli.report;

import dev.eigenseg.api.ClassList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * How all models of a page agree with a ground truth.
 *
 * @param matching how clusters got their names
 * @param classes those that any model or the ground truth has, the best of the first model first
 * @param absent the other classes
 * @param tables of each model
 */
record Scoreboard(
    String matching, List<ClassIou> classes, List<String> absent, List<ScoreTables> tables) {
  private static final String NONE = "–";

  /**
   * One class.
   *
   * @param iou of each model
   * @param texts the same in percent
   */
  record ClassIou(String name, String color, List<OptionalDouble> iou, List<String> texts) {}

  static Scoreboard of(String matching, ClassList classes, List<ScoreTables> tables) {
    List<ClassIou> all =
        IntStream.range(0, classes.size()).mapToObj(c -> of(c, classes, tables)).toList();
    return new Scoreboard(
        matching,
        all.stream()
            .filter(Scoreboard::present)
            .sorted(
                Comparator.comparingDouble((ClassIou known) -> known.iou().getFirst().orElse(-1))
                    .reversed())
            .toList(),
        all.stream().filter(known -> !present(known)).map(ClassIou::name).toList(),
        tables);
  }

  private static ClassIou of(int index, ClassList classes, List<ScoreTables> tables) {
    List<OptionalDouble> iou =
        tables.stream().map(table -> table.scores().iou().get(index)).toList();
    return new ClassIou(
        classes.name(index),
        Text.color(classes.classes().get(index).rgb()),
        iou,
        iou.stream()
            .map(value -> value.isPresent() ? Text.percent(value.getAsDouble()) : NONE)
            .toList());
  }

  private static boolean present(ClassIou known) {
    return known.iou().stream().anyMatch(OptionalDouble::isPresent);
  }

  boolean hasAbsent() {
    return !absent.isEmpty();
  }

  /** Lines of the chart. */
  int bars() {
    return classes.size() * Math.max(1, (tables.size() + 1) / 2);
  }
}
