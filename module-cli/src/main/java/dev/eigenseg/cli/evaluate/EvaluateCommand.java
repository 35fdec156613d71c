package dev.eigenseg.cli.evaluate;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.cli.input.DatasetOptions;
import dev.eigenseg.cli.input.ErrorOptions;
import dev.eigenseg.cli.input.ModelOptions;
import dev.eigenseg.cli.input.ProtocolOptions;
import dev.eigenseg.cli.input.ViewOptions;
import dev.eigenseg.cli.session.EvaluationTables;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.train.Devices;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.evaluation.Evaluation;
import dev.eigenseg.train.evaluation.EvaluationReport;
import dev.eigenseg.train.evaluation.Evaluator;
import dev.eigenseg.train.evaluation.Matching;
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
      "One row for each model, matching and, with --crf both, refinement; models that differ by "
          + "their seed alone, as 'train --seeds' makes them, get another with mean and standard "
          + "deviation (n - 1). The matchings iou, majority and hungarian look at the ground "
          + "truth of the very split that is scored (oracle matchings); stored uses the names "
          + "that 'match' wrote into the model.",
      "A window, stride or size comes before that of the protocol.",
      "With --finer, models whose backbone looks once are scored on its own grid beside the others.",
      "With --segments the clusters are merged first; with as many segments as there are classes "
          + "the matching hungarian says how good they are as classes."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg evaluate --dataset camvid --root camvid --split val --match iou --crf both kmeans.safetensors ours.safetensors",
      "  eigenseg evaluate --dataset cityscapes-27 --root cityscapes --split val --protocol center-crop-320 ours-seed*.safetensors",
      "  eigenseg evaluate --dataset camvid --root camvid --split val --match hungarian --segments 11 ours.safetensors"
    })
public final class EvaluateCommand extends WorkCommand {
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
  @Mixin private ProtocolOptions protocol;
  @Mixin private ModelOptions modelOptions;
  @Mixin private ViewOptions views;
  @Mixin private ErrorOptions errors;

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
          "How clusters get the names of classes in the tables; the JSON always holds the three "
              + "oracle matchings (default: ${DEFAULT-VALUE}).")
  private Choice match;

  @Option(
      names = "--per-class",
      description =
          "Print the IoU of each class too, also as mean and standard deviation over seeds.")
  private boolean perClass;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description = "Write the tables as Markdown too.")
  private Optional<Path> markdown = Optional.empty();

  @Parameters(arity = "1..*", paramLabel = "MODEL", description = "Segmenter files.")
  private List<Path> models;

  private List<Path> onOwnGrid = List.of();

  public EvaluateCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    List<SegmentOptions> variants = sensible(this::variants);
    markdown.ifPresent(Session::checkFolder);
    if (match == Choice.STORED) {
      refuseUnnamed();
    }
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
      Closing.all(segmenters, Segmenter::close);
    }
  }

  // The evaluation would find it out after the last image.
  private void refuseUnnamed() throws IOException {
    for (Path model : models) {
      try (SegmenterFile file = SegmenterFile.open(model)) {
        if (file.info().names().isEmpty()) {
          throw new IncompatibleException(
              model
                  + " holds no names for its clusters; store them with 'eigenseg match', or choose another --match");
        }
      }
    }
  }

  /** How each model looks at the images: one way, or with and without refinement. */
  private List<SegmentOptions> variants() {
    String name = dataset.name();
    SegmentOptions published = protocol.protocol().options(name);
    SegmentOptions options =
        protocol.complete(
            views.options(published, crf != Refinement.OFF),
            name,
            "give --window, and --stride if it is not 3/4 of that");
    return crf == Refinement.BOTH ? List.of(options.withoutCrf(), options) : List.of(options);
  }

  private Evaluation evaluate(
      Session session, Dataset opened, List<Segmenter> segmenters, List<SegmentOptions> variants)
      throws IOException {
    onOwnGrid = session.stage("open", () -> modelOptions.openAll(session, models, segmenters));
    List<Evaluator.EvaluatedModel> evaluated = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      for (SegmentOptions options : variants) {
        ViewOptions.requireSegments(models.get(i), segmenters.get(i).info(), options);
        evaluated.add(
            new Evaluator.EvaluatedModel(models.get(i).toString(), segmenters.get(i), options));
      }
    }
    return session.stage(
        "evaluate",
        () ->
            Evaluator.evaluate(
                opened,
                protocol.protocol(),
                evaluated,
                session.threads(),
                errors.skip(),
                session.progress()));
  }

  private JsonObject report(Session session, Dataset opened, Evaluation evaluation)
      throws IOException {
    EvaluationReport report =
        EvaluationReport.of(
            opened, protocol.protocol(), evaluation, provenances(), this::scoresStored);
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

  private JsonObject json(Session session, EvaluationReport report, Evaluation evaluation) {
    JsonObject json = report.toJson();
    JsonObject settings = new JsonObject();
    ViewOptions.settings(evaluation.results().getLast().options()).forEach(settings::addProperty);
    modelOptions.settings().forEach(settings::addProperty);
    if (!onOwnGrid.isEmpty()) {
      JsonArray own = new JsonArray();
      onOwnGrid.forEach(model -> own.add(model.toString()));
      settings.add("on-own-grid", own);
    }
    json.add("settings", settings);
    json.add("skipped", session.skippedJson());
    JsonObject seconds = session.stages().toJson();
    evaluation.seconds().forEach(seconds::addProperty);
    json.add("seconds", seconds);
    return json;
  }
}
