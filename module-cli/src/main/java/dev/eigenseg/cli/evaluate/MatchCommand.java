package dev.eigenseg.cli.evaluate;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.cli.input.DatasetOptions;
import dev.eigenseg.cli.input.ModelOptions;
import dev.eigenseg.cli.input.ProtocolOptions;
import dev.eigenseg.cli.input.Refinement;
import dev.eigenseg.cli.input.ViewOptions;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.train.Devices;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.evaluation.Evaluation;
import dev.eigenseg.train.evaluation.Evaluator;
import dev.eigenseg.train.evaluation.Matching;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Names for clusters. */
@Command(
    name = "match",
    description = {
      "Writes names for the clusters into a model.",
      "From a dataset with ground truth, or from a file of your own, such as {\"0\": \"sky\", "
          + "\"7\": \"road\"}; clusters left out get no name."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg match street.safetensors --dataset camvid --root camvid --split train",
      "  eigenseg match city.safetensors --dataset cityscapes-27 --root cityscapes --split train --protocol center-crop-320",
      "  eigenseg match aerial.safetensors --dataset folder --root aerial --split train --size own --window 480",
      "  eigenseg match street.safetensors --names names.json"
    })
public final class MatchCommand extends WorkCommand {
  private enum Choice {
    IOU,
    MAJORITY,
    HUNGARIAN
  }

  /** One of the two sources of names. */
  private static final class Source {
    @ArgGroup(exclusive = false)
    private DatasetOptions dataset;

    @Option(
        names = "--names",
        paramLabel = "FILE",
        required = true,
        description = "A JSON object of cluster numbers and names.")
    private Path names;
  }

  @Parameters(paramLabel = "MODEL", description = "The segmenter file; it is rewritten.")
  private Path model;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--match",
      paramLabel = "iou|majority|hungarian",
      description = "How a dataset's classes are assigned (default: iou).")
  private Optional<Choice> match = Optional.empty();

  @Option(
      names = "--crf",
      paramLabel = "off|on",
      description = "Name the clusters of segments that are refined by a dense CRF (default: off).")
  private Optional<Refinement> crf = Optional.empty();

  @Mixin private ProtocolOptions protocol;
  @Mixin private ModelOptions modelOptions;
  @Mixin private ViewOptions views;

  public MatchCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    SegmentOptions options = options();
    String fingerprint = SegmenterFile.fingerprint(model);
    ClusterNames names = source.names != null ? fromFile() : fromDataset(session, options);
    session.stage(
        "write",
        () -> {
          SegmenterFile.storeNames(model, fingerprint, names);
          return names;
        });
    report(session, names);
    return json(session, names);
  }

  private ClusterNames fromFile() throws IOException {
    return NamesFile.read(source.names, SegmenterFile.info(model).clusters());
  }

  private ClusterNames fromDataset(Session session, SegmentOptions single) throws IOException {
    Dataset dataset = source.dataset.open(session, true);
    Matching matching = Matching.valueOf(match.orElse(Choice.IOU).name());
    int threads = session.threadsPerImage(dataset.samples().size());
    Devices.preferThreads(threads);
    try (Segmenter segmenter = session.stage("open", () -> modelOptions.open(session, model))) {
      Evaluation evaluation =
          session.stage(
              "compare",
              () ->
                  Evaluator.evaluate(
                      dataset,
                      protocol.protocol(),
                      List.of(
                          new Evaluator.EvaluatedModel(
                              model.toString(), segmenter, single.withThreads(threads))),
                      session.threads(),
                      false,
                      session.progress()));
      int[] classes =
          matching.match(
              evaluation.results().getFirst().confusion(), dataset.classes(), Optional.empty());
      return new ClusterNames(dataset.classes(), classes, matching.option());
    }
  }

  /** How images are looked at, if the options go together. */
  private SegmentOptions options() {
    return source.names != null ? optionsOfNames() : sensible(this::optionsOfDataset);
  }

  private SegmentOptions optionsOfNames() {
    if (match.isPresent()
        || crf.isPresent()
        || protocol.given()
        || modelOptions.given()
        || !sensible(() -> views.options(SegmentOptions.DEFAULT, false))
            .equals(SegmentOptions.DEFAULT)) {
      throw usage(
          "--match, --protocol, --backbone, --device and how images are looked at serve a --dataset; --names needs none of them");
    }
    return SegmentOptions.DEFAULT;
  }

  private SegmentOptions optionsOfDataset() {
    String name = source.dataset.name();
    if (views.options(SegmentOptions.DEFAULT, true).segments().isPresent()) {
      throw new IllegalArgumentException(
          "names are of clusters, not of what they merge to; leave out --segments");
    }
    return protocol.complete(
        views.options(protocol.protocol().options(name), crf.equals(Optional.of(Refinement.ON))),
        name,
        "give --window, and --stride if it is not 3/4 of that");
  }

  private void report(Session session, ClusterNames names) {
    TreeMap<Integer, Long> counts = new TreeMap<>();
    for (int index : names.classOfCluster()) {
      counts.merge(index, 1L, Long::sum);
    }
    session.say(
        counts.entrySet().stream()
            .map(e ->
                (e.getKey() < 0 ? "no name" : names.classes().name(e.getKey()))
                    + " "
                    + e.getValue())
            .collect(Collectors.joining(", ", "clusters by name: ", "")));
    session.say("wrote the names into " + model);
  }

  private JsonObject json(Session session, ClusterNames names) {
    JsonObject json = new JsonObject();
    json.addProperty("model", model.toString());
    json.addProperty("matching", names.matching());
    if (source.dataset != null) {
      json.addProperty("protocol", protocol.protocol().option());
      JsonObject looked = new JsonObject();
      ViewOptions.settings(sensible(this::options)).forEach(looked::addProperty);
      json.add("views", looked);
    }
    JsonArray clusters = new JsonArray();
    for (int index : names.classOfCluster()) {
      clusters.add(index < 0 ? "" : names.classes().name(index));
    }
    json.add("clusters", clusters);
    json.add("seconds", session.stages().toJson());
    return json;
  }
}
