package dev.eigenseg.cli.report;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;

/** The numbers behind the charts, as {@code report.js} reads them. */
final class Charts {
  // Its default escapes <, so that no name can end the element that holds it.
  private static final Gson GSON = new Gson();

  private Charts() {}

  static String json(
      Optional<ScoreTables> scores,
      Optional<TrainingCurves> training,
      SequencedMap<String, Double> seconds) {
    JsonObject charts = new JsonObject();
    scores.ifPresent(tables -> charts.add("iou", iou(tables.classes())));
    training.ifPresent(curves -> charts.add("training", training(curves)));
    JsonObject timings = new JsonObject();
    timings.add("labels", GSON.toJsonTree(seconds.keySet()));
    timings.add("values", GSON.toJsonTree(seconds.values()));
    charts.add("timings", timings);
    return GSON.toJson(charts);
  }

  private static JsonObject iou(List<ScoreTables.ClassIou> classes) {
    JsonObject json = new JsonObject();
    JsonArray labels = new JsonArray();
    JsonArray values = new JsonArray();
    JsonArray colors = new JsonArray();
    for (ScoreTables.ClassIou known : classes) {
      labels.add(known.name());
      values.add(100 * Double.parseDouble(known.iou()));
      colors.add(known.color());
    }
    json.add("labels", labels);
    json.add("values", values);
    json.add("colors", colors);
    return json;
  }

  private static JsonObject training(TrainingCurves curves) {
    JsonObject json = new JsonObject();
    json.add("epoch", values(curves, TrainingCurves.Epoch::epoch));
    json.add("loss", values(curves, TrainingCurves.Epoch::loss));
    json.add("temperature", values(curves, TrainingCurves.Epoch::temperature));
    json.add("clusters-used", values(curves, TrainingCurves.Epoch::clustersUsed));
    return json;
  }

  private static JsonArray values(
      TrainingCurves curves, ToDoubleFunction<TrainingCurves.Epoch> value) {
    JsonArray values = new JsonArray();
    curves.epochs().forEach(epoch -> values.add(value.applyAsDouble(epoch)));
    return values;
  }
}
