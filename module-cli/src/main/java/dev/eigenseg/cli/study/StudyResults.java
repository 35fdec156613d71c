package dev.eigenseg.cli.study;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.cli.session.Json;
import dev.eigenseg.cli.session.Methods;
import dev.eigenseg.cli.session.Table;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.evaluation.Matching;
import dev.eigenseg.train.study.Experiment;
import dev.eigenseg.train.study.KnownScore;
import dev.eigenseg.train.study.Study;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Scores of a study beside reported ones. */
final class StudyResults {
  private static final String UNKNOWN = "not known here";

  /** One model's kind under one matching. */
  private record Row(Experiment experiment, SegmenterMethod method, JsonObject group) {
    boolean refined() {
      return group.get("crf").getAsBoolean();
    }

    Matching matching() {
      return Matching.valueOf(group.get("matching").getAsString().toUpperCase(Locale.ROOT));
    }

    /** What was reported, if it was under this matching and refinement. */
    Optional<KnownScore> known() {
      return matching() == Matching.IOU && refined() == experiment.crf()
          ? experiment.known(method)
          : Optional.empty();
    }
  }

  private final Study study;
  private final Optional<Integer> limit;
  private final int seeds;
  private final SequencedMap<Experiment, JsonObject> evaluations = new LinkedHashMap<>();

  StudyResults(Study study, Optional<Integer> limit, int seeds) {
    this.study = study;
    this.limit = limit;
    this.seeds = seeds;
  }

  /** Adds what {@code evaluate} made of an experiment. */
  void add(Experiment experiment, JsonObject evaluation) {
    evaluations.put(experiment, evaluation);
  }

  private List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    evaluations.forEach((experiment, evaluation) -> {
      for (JsonElement element : evaluation.getAsJsonArray("groups")) {
        JsonObject group = element.getAsJsonObject();
        rows.add(
            new Row(
                experiment,
                SegmenterMethod.find(group.get("method").getAsString()).orElseThrow(),
                group));
      }
    });
    return rows;
  }

  /** The tables under the matching of the published scores, for a terminal. */
  String text() {
    return notes()
        + "\n"
        + tables(Matching.IOU).values().stream()
            .map(Table::toString)
            .collect(Collectors.joining("\n\n"));
  }

  /** Everything, as Markdown. */
  String markdown() {
    StringBuilder text = new StringBuilder("# " + study.title() + "\n\n" + notes() + "\n");
    for (Matching matching : Arrays.stream(Matching.values()).filter(Matching::oracle).toList()) {
      tables(matching)
          .forEach((part, table) ->
              text.append(
                  "\n## %s, matching %s (oracle)\n\n%s\n"
                      .formatted(part, matching.option(), table.markdown())));
    }
    if (!study.others().isEmpty()) {
      text.append("\n## Others, reported, not run here\n\n")
          .append(others().markdown())
          .append('\n');
    }
    return text.toString();
  }

  private String notes() {
    return String.format(
        Locale.ROOT,
        "%s Accuracy / mIoU in percent, mean ± standard deviation (n - 1) over %d %s; "
            + "clusters get classes by the ground truth that they are scored on (oracle).%s%s",
        study.about(),
        seeds,
        seeds == 1 ? "seed" : "seeds",
        limit
            .map(n ->
                String.format(
                    Locale.ROOT, " A trial with %d images of each split: not comparable.", n))
            .orElse(""),
        evaluations.size() < study.experiments().size()
            ? String.format(
                Locale.ROOT,
                " %d of %d experiments are done.",
                evaluations.size(),
                study.experiments().size())
            : "");
  }

  private SequencedMap<String, Table> tables(Matching matching) {
    SequencedMap<String, Table> tables = new LinkedHashMap<>();
    for (Row row : rows()) {
      if (row.matching() == matching) {
        tables.computeIfAbsent(row.experiment().part(), part -> header(part)).row(cells(row));
      }
    }
    return tables;
  }

  private Table header(String part) {
    return new Table(part, "method", "K", "CRF", study.knownTitle(), "own", "clusters in use");
  }

  private String[] cells(Row row) {
    return new String[] {
      row.experiment().label(),
      Methods.label(row.method().text()),
      row.group().get("clusters").getAsString(),
      row.refined() ? "on" : "off",
      row.known().map(StudyResults::reported).orElse(UNKNOWN),
      own(row.group(), "accuracy") + " / " + own(row.group(), "miou"),
      inUse(row)
    };
  }

  private static String reported(KnownScore score) {
    return percent(score.accuracy()) + " / " + percent(score.meanIou());
  }

  private static String percent(OptionalDouble score) {
    return score.isPresent() ? percent(score.getAsDouble()) : "-";
  }

  private static String percent(double score) {
    return String.format(Locale.ROOT, "%.1f", score);
  }

  private static String own(JsonObject group, String score) {
    JsonObject spread = group.getAsJsonObject(score);
    return percent(spread.get("mean").getAsDouble())
        + (spread.has("std") ? " ± " + percent(spread.get("std").getAsDouble()) : "");
  }

  /** The mean over the models of a row. */
  private String inUse(Row row) {
    Map<String, Integer> used = new LinkedHashMap<>();
    for (JsonElement element : evaluations.get(row.experiment()).getAsJsonArray("results")) {
      JsonObject result = element.getAsJsonObject();
      if (result.get("crf").getAsBoolean() == row.refined()) {
        used.put(result.get("model").getAsString(), result.get("clusters-used").getAsInt());
      }
    }
    double mean =
        row.group().getAsJsonArray("models").asList().stream()
            .map(JsonElement::getAsString)
            .mapToInt(used::get)
            .average()
            .orElseThrow();
    return String.format(Locale.ROOT, "%.0f", mean);
  }

  private Table others() {
    Table table = new Table("method", "accuracy / mIoU", "where");
    study.others().forEach(score -> table.row(score.method(), reported(score), score.where()));
    return table;
  }

  /** The same as JSON, in percent. */
  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("study", study.name());
    json.addProperty("title", study.title());
    json.addProperty("about", study.about());
    limit.ifPresent(images -> json.addProperty("limit", images));
    json.addProperty("seeds", seeds);
    json.addProperty("complete", evaluations.size() == study.experiments().size());
    json.add("rows", array(rows(), this::json));
    json.add("others", array(study.others(), StudyResults::json));
    return json;
  }

  private static <T> JsonArray array(List<T> items, Function<T, JsonObject> toJson) {
    JsonArray array = new JsonArray();
    items.forEach(item -> array.add(toJson.apply(item)));
    return array;
  }

  private JsonObject json(Row row) {
    JsonObject json = new JsonObject();
    json.addProperty("part", row.experiment().part());
    json.addProperty("experiment", row.experiment().label());
    json.addProperty("trained-on", row.experiment().recipe().train().toString());
    json.addProperty("evaluated-on", row.experiment().evaluated().toString());
    json.addProperty("protocol", row.experiment().protocol().option());
    json.add("own", row.group());
    row.known().ifPresent(score -> json.add("known", json(score)));
    return json;
  }

  private static JsonObject json(KnownScore score) {
    JsonObject json = new JsonObject();
    json.addProperty("method", score.method());
    score.accuracy().ifPresent(value -> json.addProperty("accuracy", value));
    score.meanIou().ifPresent(value -> json.addProperty("miou", value));
    json.addProperty("where", score.where());
    return json;
  }

  /** Writes {@code results.md} and {@code results.json}. */
  void write(Path folder) throws IOException {
    AtomicFile.writeString(folder.resolve("results.md"), markdown());
    AtomicFile.writeString(folder.resolve("results.json"), Json.text(toJson()));
  }
}
