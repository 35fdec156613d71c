package dev.eigenseg.cli.session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A table of text: columns as wide as their widest cell; numbers stand on the right. */
public final class Table {
  private final List<String[]> rows = new ArrayList<>();

  public Table(String... header) {
    rows.add(header.clone());
  }

  public void row(String... cells) {
    if (cells.length != rows.getFirst().length) {
      throw new IllegalArgumentException(
          cells.length + " cells in a table of " + rows.getFirst().length);
    }
    rows.add(cells.clone());
  }

  /** The table in Markdown. */
  public String markdown() {
    StringBuilder text = new StringBuilder();
    for (int r = 0; r < rows.size(); r++) {
      text.append(markdown(rows.get(r)));
      if (r == 0) {
        String[] rule = new String[rows.getFirst().length];
        for (int c = 0; c < rule.length; c++) {
          rule[c] = number(c) ? "---:" : "---";
        }
        text.append(markdown(rule));
      }
    }
    return text.toString().stripTrailing();
  }

  private static String markdown(String[] row) {
    return Arrays.stream(row)
        .map(cell -> cell.replace("|", "\\|"))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }

  private boolean number(int column) {
    return rows.stream().skip(1).allMatch(row -> row[column].matches("[-+.0-9]+"));
  }

  @Override
  public String toString() {
    int columns = rows.getFirst().length;
    int[] widths = new int[columns];
    boolean[] numbers = new boolean[columns];
    for (int c = 0; c < columns; c++) {
      int column = c;
      widths[c] = rows.stream().mapToInt(row -> row[column].length()).max().orElse(0);
      numbers[c] = number(c);
    }
    StringBuilder text = new StringBuilder();
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        line.append(
            String.format(Locale.ROOT, "%" + (numbers[c] ? "" : "-") + widths[c] + "s  ", row[c]));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString().stripTrailing();
  }
}
