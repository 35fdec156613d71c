package dev.eigenseg.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.train.Devices;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.evaluation.Evaluation;
import dev.eigenseg.train.evaluation.Evaluator;
import dev.eigenseg.train.evaluation.Matching;
import dev.eigenseg.train.evaluation.Protocol;
import dev.eigenseg.train.evaluation.Scores;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Models against a ground truth. */
@Command(
    name = "evaluate",
    description = {
      "Compares models with a ground truth.",
      "One row for each model, matching and, with --crf both, refinement. The matchings iou, majority and hungarian look at the ground truth of the very split that is scored (oracle matchings); stored uses the names that 'match' wrote into the model."
    },
    footer = {
      "",
      "Example:",
      "  eigenseg evaluate --dataset camvid --root camvid --split val --match iou --crf both kmeans.safetensors ours.safetensors"
    })
final class EvaluateCommand extends WorkCommand {
  private enum Choice {
    ALL,
    IOU,
    MAJORITY,
    HUNGARIAN,
    STORED
  }

  private enum Refinement {
    OFF,
    ON,
    BOTH
  }

  @Mixin private DatasetOptions dataset;
  @Mixin private ModelOptions modelOptions;
  @Mixin private ViewOptions views;
  @Mixin private ErrorOptions errors;

  @Option(
      names = "--protocol",
      paramLabel = "whole-image|center-crop-320|sliding-window",
      defaultValue = "whole-image",
      converter = KebabEnum.Protocols.class,
      description =
          "What of the images counts and how they are looked at; a window, stride or size given here comes first (default: ${DEFAULT-VALUE}).")
  private Protocol protocol;

  @Option(
      names = "--crf",
      paramLabel = "off|on|both",
      defaultValue = "off",
      description =
          "Score segments as they are, refined by a dense CRF, or both (default: ${DEFAULT-VALUE}).")
  private Refinement crf;

  @Option(
      names = "--match",
      paramLabel = "all|iou|majority|hungarian|stored",
      defaultValue = "all",
      description = "How clusters get the names of classes (default: ${DEFAULT-VALUE}).")
  private Choice match;

  @Parameters(arity = "1..*", paramLabel = "MODEL", description = "Segmenter files.")
  private List<Path> models;

  EvaluateCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  JsonObject work(Session session) throws IOException {
    List<SegmentOptions> variants = variants();
    Dataset opened = dataset.open(session, !errors.skip());
    int threads = session.threadsPerImage(opened.samples().size());
    Devices.preferThreads(threads);
    List<Segmenter> segmenters = new ArrayList<>();
    try {
      List<SegmentOptions> options = variants.stream().map(v -> v.withThreads(threads)).toList();
      Evaluation evaluation = evaluate(session, opened, segmenters, options);
      evaluation.skipped().forEach(session::skip);
      return report(session, opened, evaluation);
    } finally {
      Closing.all(segmenters);
    }
  }

  /** How each model looks at the images: one way, or with and without refinement. */
  private List<SegmentOptions> variants() {
    try {
      SegmentOptions options =
          views.options(protocol.options(dataset.name()), crf != Refinement.OFF);
      if (protocol == Protocol.SLIDING_WINDOW && options.windows().isEmpty()) {
        throw usage(
            "no windows are published for %s: give --window, and --stride if it is not 3/4 of that"
                .formatted(dataset.name()));
      }
      return crf == Refinement.BOTH ? List.of(options.withoutCrf(), options) : List.of(options);
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private Evaluation evaluate(
      Session session, Dataset opened, List<Segmenter> segmenters, List<SegmentOptions> variants)
      throws IOException {
    session.stage(
        "open",
        () -> {
          for (Path model : models) {
            segmenters.add(modelOptions.open(model));
          }
          return segmenters;
        });
    List<Evaluator.EvaluatedModel> evaluated = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      for (SegmentOptions options : variants) {
        evaluated.add(
            new Evaluator.EvaluatedModel(models.get(i).toString(), segmenters.get(i), options));
      }
    }
    return session.stage(
        "evaluate",
        () ->
            Evaluator.evaluate(
                opened, protocol, evaluated, session.threads(), errors.skip(), session.progress()));
  }

  private JsonObject report(Session session, Dataset opened, Evaluation evaluation) {
    Table table =
        new Table("model", "method", "K", "CRF", "matching", "accuracy", "mIoU", "classes");
    JsonArray results = new JsonArray();
    for (Evaluation.Result result : evaluation.results()) {
      for (Matching matching : matchings(result)) {
        Scores scores =
            Scores.of(
                result.confusion(),
                matching.match(result.confusion(), opened.classes(), result.model().names()));
        table.row(
            result.name(),
            Methods.label(result.model().method()),
            Integer.toString(result.model().clusters()),
            refined(result) ? "on" : "off",
            matching.option() + (matching.oracle() ? " (oracle)" : ""),
            percent(scores.accuracy()),
            percent(scores.meanIou()),
            classes(opened, scores));
        results.add(json(opened, result, matching, scores));
      }
    }
    session.result(
        "%s %s, %d images, protocol %s (%s); percent; an oracle matching looks at the ground truth that it is scored on"
            .formatted(
                opened.name(),
                opened.split(),
                evaluation.images(),
                protocol.option(),
                remark(opened, evaluation)));
    session.result(table.toString());
    return json(session, opened, evaluation, results);
  }

  private String remark(Dataset opened, Evaluation evaluation) {
    return protocol.remark(opened.name(), evaluation.results().getLast().options());
  }

  private List<Matching> matchings(Evaluation.Result result) {
    if (match != Choice.ALL) {
      return List.of(Matching.valueOf(match.name()));
    }
    return Stream.of(Matching.values())
        .filter(m -> m.oracle() || result.model().names().isPresent())
        .toList();
  }

  private static boolean refined(Evaluation.Result result) {
    return result.options().crf().isPresent();
  }

  private static String percent(double fraction) {
    return String.format(Locale.ROOT, "%.1f", 100 * fraction);
  }

  private static String classes(Dataset dataset, Scores scores) {
    List<String> absent = scores.absentClasses(dataset.classes());
    return scores.classesPresent()
        + (absent.isEmpty() ? "" : " (without " + String.join(", ", absent) + ")");
  }

  private static JsonObject json(
      Dataset dataset, Evaluation.Result result, Matching matching, Scores scores) {
    JsonObject json = new JsonObject();
    json.addProperty("model", result.name());
    json.addProperty("method", result.model().method());
    json.addProperty("clusters", result.model().clusters());
    json.addProperty("clusters-used", result.confusion().clustersInUse());
    json.addProperty("crf", refined(result));
    json.addProperty("matching", matching.option());
    json.addProperty("oracle", matching.oracle());
    json.addProperty("accuracy", 100 * scores.accuracy());
    json.addProperty("miou", 100 * scores.meanIou());
    json.addProperty("classes-present", scores.classesPresent());
    JsonObject perClass = new JsonObject();
    scores
        .perClass(dataset.classes())
        .forEach((name, iou) -> perClass.addProperty(name, 100 * iou));
    json.add("per-class", perClass);
    return json;
  }

  private JsonObject json(
      Session session, Dataset dataset, Evaluation evaluation, JsonArray results) {
    JsonObject json = new JsonObject();
    json.addProperty("dataset", dataset.name());
    json.addProperty("split", dataset.split());
    json.addProperty("images", evaluation.images());
    json.addProperty("protocol", protocol.option());
    json.addProperty("protocol-remark", remark(dataset, evaluation));
    json.add("results", results);
    JsonObject settings = new JsonObject();
    ViewOptions.settings(evaluation.results().getLast().options()).forEach(settings::addProperty);
    json.add("settings", settings);
    json.add("skipped", session.skippedJson());
    JsonObject seconds = session.stages().toJson();
    for (Map.Entry<String, Double> stage : evaluation.seconds().entrySet()) {
      seconds.addProperty(stage.getKey(), stage.getValue());
    }
    json.add("seconds", seconds);
    return json;
  }
}
