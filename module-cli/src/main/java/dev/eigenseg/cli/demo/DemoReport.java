package dev.eigenseg.cli.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.cli.session.Methods;
import dev.eigenseg.cli.session.Table;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The demo's comparison: a row for each method. */
final class DemoReport {
  static final String NOTE =
      """
      Percent, on scenes that no training saw. K-means: on the backbone's features; Ours: the learned eigenfunctions; Ours*: K-means
      on their hidden features. Oracle: clusters are named by the ground truth that they are scored on; stored: by that of the \
      training scenes.\
      """;

  private DemoReport() {}

  /** The table, from the result of {@code evaluate}. */
  static Table table(JsonObject evaluation) {
    Map<String, String[]> rows = new LinkedHashMap<>();
    for (JsonElement element : evaluation.getAsJsonArray("results")) {
      JsonObject result = element.getAsJsonObject();
      String[] row =
          rows.computeIfAbsent(
              result.get("model").getAsString(),
              model ->
                  new String[] {
                    Methods.label(result.get("method").getAsString()),
                    result.get("clusters").getAsString(),
                    "",
                    "",
                    "",
                    ""
                  });
      switch (result.get("matching").getAsString()) {
        case "iou" -> put(row, 2, result);
        case "stored" -> put(row, 4, result);
        default -> {}
      }
    }
    Table table =
        new Table(
            "method",
            "K",
            "accuracy (iou, oracle)",
            "mIoU (iou, oracle)",
            "accuracy (stored)",
            "mIoU (stored)");
    rows.values().forEach(table::row);
    return table;
  }

  private static void put(String[] row, int column, JsonObject result) {
    row[column] = String.format(Locale.ROOT, "%.1f", result.get("accuracy").getAsDouble());
    row[column + 1] = String.format(Locale.ROOT, "%.1f", result.get("miou").getAsDouble());
  }
}
