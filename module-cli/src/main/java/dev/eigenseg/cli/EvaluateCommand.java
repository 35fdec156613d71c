package dev.eigenseg.cli;

import com.google.gson.JsonObject;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.train.Devices;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.evaluation.Evaluation;
import dev.eigenseg.train.evaluation.EvaluationReport;
import dev.eigenseg.train.evaluation.Evaluator;
import dev.eigenseg.train.evaluation.Matching;
import dev.eigenseg.train.evaluation.Protocol;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Models against a ground truth. */
@Command(
    name = "evaluate",
    description = {
      "Compares models with a ground truth.",
      "One row for each model, matching and, with --crf both, refinement; models that differ by their seed alone, as 'train --seeds' makes them, get another with mean and standard deviation (n - 1). The matchings iou, majority and hungarian look at the ground truth of the very split that is scored (oracle matchings); stored uses the names that 'match' wrote into the model."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg evaluate --dataset camvid --root camvid --split val --match iou --crf both kmeans.safetensors ours.safetensors",
      "  eigenseg evaluate --dataset cityscapes-27 --root cityscapes --split val --protocol center-crop-320 ours-seed*.safetensors"
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
      description =
          "How clusters get the names of classes in the tables; the JSON always holds the three oracle matchings (default: ${DEFAULT-VALUE}).")
  private Choice match;

  @Option(names = "--per-class", description = "Print the IoU of each class too.")
  private boolean perClass;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description = "Write the tables as Markdown too.")
  private Optional<Path> markdown = Optional.empty();

  @Parameters(arity = "1..*", paramLabel = "MODEL", description = "Segmenter files.")
  private List<Path> models;

  EvaluateCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  JsonObject work(Session session) throws IOException {
    List<SegmentOptions> variants = variants();
    markdown.ifPresent(Session::checkFolder);
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

  private JsonObject report(Session session, Dataset opened, Evaluation evaluation)
      throws IOException {
    EvaluationReport report =
        EvaluationReport.of(opened, protocol, evaluation, provenances(), this::scoresStored);
    EvaluationTables tables = new EvaluationTables(report, this::shows, perClass);
    session.result(tables.text());
    if (markdown.isPresent()) {
      AtomicFile.writeString(markdown.get(), tables.markdown());
    }
    return json(session, report, evaluation);
  }

  private Map<String, Provenance> provenances() throws IOException {
    Map<String, Provenance> provenances = new HashMap<>();
    for (Path model : models) {
      try (SegmenterFile file = SegmenterFile.open(model)) {
        provenances.put(model.toString(), file.model().provenance());
      }
    }
    return provenances;
  }

  private boolean scoresStored(ModelInfo model) {
    return match == Choice.STORED || (match == Choice.ALL && model.names().isPresent());
  }

  private boolean shows(Matching matching) {
    return match == Choice.ALL || matching == Matching.valueOf(match.name());
  }

  private static JsonObject json(Session session, EvaluationReport report, Evaluation evaluation) {
    JsonObject json = report.toJson();
    JsonObject settings = new JsonObject();
    ViewOptions.settings(evaluation.results().getLast().options()).forEach(settings::addProperty);
    json.add("settings", settings);
    json.add("skipped", session.skippedJson());
    JsonObject seconds = session.stages().toJson();
    evaluation.seconds().forEach(seconds::addProperty);
    json.add("seconds", seconds);
    return json;
  }
}
