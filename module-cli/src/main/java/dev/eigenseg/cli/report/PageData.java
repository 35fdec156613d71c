package dev.eigenseg.cli.report;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ClassList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;

/** What a page's scripts read: models with their clusters, classes, and numbers behind charts. */
final class PageData {
  // Its default escapes <, so that no name can end the element that holds it.
  private static final Gson GSON = new Gson();

  private PageData() {}

  static String json(
      Survey survey,
      List<Report.ReportedModel> models,
      Optional<Scoreboard> scores,
      Optional<TrainingCurves> training) {
    JsonObject json = new JsonObject();
    JsonArray all = new JsonArray();
    JsonObject palette = new JsonObject();
    for (int model = 0; model < models.size(); model++) {
      all.add(model(models.get(model), survey.counts(model)));
      for (ClassList.NamedClass known : models.get(model).naming().classes()) {
        if (!palette.has(known.name())) {
          palette.addProperty(known.name(), Text.color(known.rgb()));
        }
      }
    }
    json.add("models", all);
    json.add("palette", palette);
    JsonArray classes = new JsonArray();
    survey
        .dataset()
        .ifPresent(known -> {
          known.classes().classes().forEach(named -> classes.add(named(named)));
          json.addProperty("void", known.voidIndex());
        });
    json.add("classes", classes);
    json.add("charts", charts(models, scores, training, survey.seconds()));
    return GSON.toJson(json);
  }

  private static JsonObject model(Report.ReportedModel model, long[] counts) {
    JsonObject json = new JsonObject();
    json.addProperty("key", "eigenseg-names:" + model.key());
    json.addProperty("label", model.label());
    json.addProperty("file", model.namesFile());
    json.addProperty("unit", model.unit());
    json.add("pixels", GSON.toJsonTree(counts));
    JsonArray names = new JsonArray();
    JsonArray colors = new JsonArray();
    for (int cluster = 0; cluster < counts.length; cluster++) {
      model.naming().name(cluster).ifPresentOrElse(names::add, () -> names.add(JsonNull.INSTANCE));
      colors.add(Text.color(model.naming().color(cluster)));
    }
    json.add("names", names);
    json.add("colors", colors);
    if (model.naming().named()) {
      json.add("classes", GSON.toJsonTree(model.naming().classOfCluster()));
    }
    model
        .segmentOfCluster()
        .ifPresent(segments -> json.add("members", members(segments, counts.length)));
    return json;
  }

  private static JsonArray members(int[] segmentOfCluster, int segments) {
    JsonArray members = new JsonArray();
    for (int segment = 0; segment < segments; segment++) {
      JsonArray clusters = new JsonArray();
      for (int cluster = 0; cluster < segmentOfCluster.length; cluster++) {
        if (segmentOfCluster[cluster] == segment) {
          clusters.add(cluster);
        }
      }
      members.add(clusters);
    }
    return members;
  }

  private static JsonObject named(ClassList.NamedClass known) {
    JsonObject json = new JsonObject();
    json.addProperty("name", known.name());
    json.addProperty("color", Text.color(known.rgb()));
    return json;
  }

  private static JsonObject charts(
      List<Report.ReportedModel> models,
      Optional<Scoreboard> scores,
      Optional<TrainingCurves> training,
      SequencedMap<String, Double> seconds) {
    JsonObject charts = new JsonObject();
    scores.ifPresent(board -> charts.add("iou", iou(models, board)));
    training.ifPresent(curves -> charts.add("training", training(curves)));
    JsonObject timings = new JsonObject();
    timings.add("labels", GSON.toJsonTree(seconds.keySet()));
    JsonObject series = new JsonObject();
    series.add("values", GSON.toJsonTree(seconds.values()));
    timings.add("series", array(series));
    charts.add("timings", timings);
    return charts;
  }

  private static JsonObject iou(List<Report.ReportedModel> models, Scoreboard board) {
    JsonObject json = new JsonObject();
    json.add(
        "labels",
        GSON.toJsonTree(board.classes().stream().map(Scoreboard.ClassIou::name).toList()));
    JsonArray all = new JsonArray();
    for (int model = 0; model < models.size(); model++) {
      JsonObject series = new JsonObject();
      JsonArray values = new JsonArray();
      for (Scoreboard.ClassIou known : board.classes()) {
        OptionalDouble iou = known.iou().get(model);
        values.add(iou.isPresent() ? 100 * iou.getAsDouble() : null);
      }
      series.add("values", values);
      if (models.size() > 1) {
        series.addProperty("name", models.get(model).label());
      } else {
        series.add(
            "colors",
            GSON.toJsonTree(board.classes().stream().map(Scoreboard.ClassIou::color).toList()));
      }
      all.add(series);
    }
    json.add("series", all);
    return json;
  }

  private static JsonArray array(JsonObject only) {
    JsonArray array = new JsonArray();
    array.add(only);
    return array;
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
