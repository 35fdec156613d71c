package dev.eigenseg.cli.session;

import dev.eigenseg.train.evaluation.EvaluationReport;
import dev.eigenseg.train.evaluation.MatchedResult;
import dev.eigenseg.train.evaluation.Matching;
import dev.eigenseg.train.evaluation.SeedGroup;
import dev.eigenseg.train.evaluation.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What people read of an evaluation. */
public final class EvaluationTables {
  private final EvaluationReport report;
  private final List<MatchedResult> results;
  private final List<SeedGroup> groups;
  private final boolean perClass;

  /**
   * The tables of a report.
   *
   * @param shown the matchings that are asked for
   * @param perClass whether there is a table of classes too
   */
  public EvaluationTables(EvaluationReport report, Predicate<Matching> shown, boolean perClass) {
    this.report = report;
    this.results = report.results().stream().filter(r -> shown.test(r.matching())).toList();
    this.groups = report.groups().stream().filter(g -> shown.test(g.matching())).toList();
    this.perClass = perClass;
  }

  /** For a terminal. */
  public String text() {
    return title()
        + "\n"
        + tables().stream().map(Table::toString).collect(Collectors.joining("\n\n"));
  }

  /** For documents. */
  public String markdown() {
    return title()
        + "\n\n"
        + tables().stream().map(Table::markdown).collect(Collectors.joining("\n\n"))
        + "\n";
  }

  private String title() {
    return String.format(
        Locale.ROOT,
        "%s %s, %d images, protocol %s (%s); percent; an oracle matching looks at the ground truth that it is scored on",
        report.dataset(),
        report.split(),
        report.images(),
        report.protocol().option(),
        report.remark());
  }

  private List<Table> tables() {
    List<Table> tables = new ArrayList<>();
    tables.add(models());
    if (groups.stream().anyMatch(group -> group.members().size() > 1)) {
      tables.add(seeds());
    }
    if (perClass) {
      tables.add(classes());
    }
    return tables;
  }

  private Table models() {
    Table table =
        new Table("#", "model", "method", "K", "CRF", "matching", "accuracy", "mIoU", "classes");
    for (int i = 0; i < results.size(); i++) {
      MatchedResult result = results.get(i);
      table.row(
          Integer.toString(i + 1),
          result.result().name(),
          Methods.label(result.result().model().method()),
          Integer.toString(result.result().model().clusters()),
          onOff(result.refined()),
          text(result.matching()),
          percent(result.scores().accuracy()),
          percent(result.scores().meanIou()),
          classes(result));
    }
    return table;
  }

  private Table seeds() {
    Table table =
        new Table("#", "method", "K", "CRF", "matching", "seeds", "accuracy", "mIoU", "settings");
    for (int i = 0; i < groups.size(); i++) {
      SeedGroup group = groups.get(i);
      table.row(
          label(i),
          Methods.label(group.method()),
          Integer.toString(group.clusters()),
          onOff(group.refined()),
          text(group.matching()),
          Integer.toString(group.members().size()),
          text(group.accuracy()),
          text(group.meanIou()),
          group.differences().entrySet().stream()
              .map(setting -> setting.getKey() + " " + abbreviated(setting.getValue()))
              .collect(Collectors.joining(", ")));
    }
    return table;
  }

  private Table classes() {
    List<String> header = new ArrayList<>(List.of("class"));
    for (int i = 0; i < results.size(); i++) {
      header.add("#" + (i + 1));
    }
    List<SeedGroup> repeated = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      if (groups.get(i).members().size() > 1) {
        header.add(label(i));
        repeated.add(groups.get(i));
      }
    }
    Table table = new Table(header.toArray(String[]::new));
    for (int c = 0; c < report.classes().size(); c++) {
      List<String> row = new ArrayList<>(List.of(report.classes().name(c)));
      for (MatchedResult result : results) {
        OptionalDouble iou = result.scores().iou().get(c);
        row.add(iou.isPresent() ? percent(iou.getAsDouble()) : "-");
      }
      for (SeedGroup group : repeated) {
        row.add(text(group.iou().get(c), group.members().size()));
      }
      table.row(row.toArray(String[]::new));
    }
    return table;
  }

  /** What stands for a group of seeds in the table of classes. */
  private static String label(int group) {
    return "S" + (group + 1);
  }

  private static String onOff(boolean refined) {
    return refined ? "on" : "off";
  }

  private static String text(Matching matching) {
    return matching.option() + (matching.oracle() ? " (oracle)" : "");
  }

  private static String text(Spread spread) {
    return percent(spread.mean())
        + (spread.deviation().isPresent() ? " ± " + percent(spread.deviation().getAsDouble()) : "");
  }

  /** A class that not all seeds have is marked by how many do. */
  private static String text(Optional<Spread> iou, int seeds) {
    return iou.map(spread ->
            text(spread)
                + (spread.n() < seeds
                    ? String.format(Locale.ROOT, " (%d of %d)", spread.n(), seeds)
                    : ""))
        .orElse("-");
  }

  /** A fraction in percent, for a table. */
  public static String percent(double fraction) {
    return String.format(Locale.ROOT, "%.1f", 100 * fraction);
  }

  // Inputs are hashes; the JSON has them in full.
  private static String abbreviated(String value) {
    return value.length() > 12 ? value.substring(0, 8) : value;
  }

  private String classes(MatchedResult result) {
    List<String> absent = result.scores().absentClasses(report.classes());
    return result.scores().classesPresent()
        + (absent.isEmpty() ? "" : " (without " + String.join(", ", absent) + ")");
  }
}
