package dev.eigenseg.cli.evaluate;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
import dev.eigenseg.api.internal.resource.Closing;
import dev.eigenseg.cli.input.ErrorOptions;
import dev.eigenseg.cli.input.ImageSource;
import dev.eigenseg.cli.input.MaskOptions;
import dev.eigenseg.cli.report.Naming;
import dev.eigenseg.cli.report.Report;
import dev.eigenseg.cli.report.Spread;
import dev.eigenseg.cli.report.Survey;
import dev.eigenseg.cli.report.TrainingCurves;
import dev.eigenseg.cli.session.CommonOptions;
import dev.eigenseg.cli.session.EpochLog;
import dev.eigenseg.cli.session.Session;
import dev.eigenseg.cli.session.Surroundings;
import dev.eigenseg.cli.session.WorkCommand;
import dev.eigenseg.infer.SegmenterFile;
import dev.eigenseg.train.Devices;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.evaluation.Matching;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A page that shows what models make of images. */
@Command(
    name = "report",
    description = {
      "Shows what models make of images, in one HTML file.",
      "Segments over photographs, eigenfunctions as maps, the most typical patches of each "
          + "cluster, provenance and times; with a dataset's ground truth errors and scores too. "
          + "Several models stand side by side under one slider.",
      "Click a segment in the page to name its cluster; clusters of one name have one colour. The "
          + "page keeps the names and saves them as a file that 'eigenseg match --names' reads.",
      "DIR/report.html needs no network and no other file. Pictures are made as small as it takes "
          + "for a hundred of them to need less than 20 MB."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg report -m street.safetensors -o report photos/",
      "  eigenseg report -m kmeans.safetensors -m ours.safetensors -o report photos/",
      "  eigenseg report -m street.safetensors --dataset camvid --root camvid --split val --log training.jsonl -o report"
    })
public final class ReportCommand extends WorkCommand {
  private static final String FILE = "report.html";
  private static final int FINGERPRINT_DIGITS = 16;

  private enum Choice {
    IOU,
    MAJORITY,
    HUNGARIAN,
    STORED
  }

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      required = true,
      description = "A segmenter file; give several to set them side by side.")
  private List<Path> models;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      required = true,
      description = "The folder for " + FILE + ", created if missing.")
  private Path output;

  @Option(
      names = "--limit",
      paramLabel = "N",
      converter = CommonOptions.PositiveInt.class,
      defaultValue = "100",
      description =
          "Look at no more than this many images, spread evenly over all (default: ${DEFAULT-VALUE}); scores are of these.")
  private int limit;

  @Option(
      names = "--log",
      paramLabel = "FILE",
      description =
          "The log of the one model's training, as 'train --log' wrote it, for its curves.")
  private Optional<Path> log = Optional.empty();

  @Option(
      names = "--match",
      paramLabel = "iou|majority|hungarian|stored",
      description =
          "How clusters get the names of a dataset's classes (default: stored if 'match' stored names in the model, else iou).")
  private Optional<Choice> match = Optional.empty();

  @Option(names = "--overwrite", description = "Replace a report that is there already.")
  private boolean overwrite;

  @Mixin private MaskOptions mask;
  @Mixin private ErrorOptions errors;

  @ArgGroup(multiplicity = "1")
  private ImageSource source;

  public ReportCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  protected JsonObject work(Session session) throws IOException {
    SegmentOptions single = sensible(mask::options);
    Path file = output.resolve(FILE);
    refuseToReplace(file);
    refuseTwice();
    if (log.isPresent() && models.size() > 1) {
      throw usage("--log is of one training; give one --model with it");
    }
    Optional<TrainingCurves> training = curves();
    List<ModelFile> files = files();
    Optional<Dataset> dataset = source.groundTruth(session, !errors.skip());
    if (match.isPresent() && dataset.isEmpty()) {
      throw usage("--match needs a ground truth: give --dataset");
    }
    List<Survey.Subject> all = subjects(session, dataset);
    List<Survey.Subject> subjects = Spread.of(all, limit);
    int threads = session.threadsPerImage(subjects.size());
    Devices.preferThreads(threads);
    List<Segmenter> opened = new ArrayList<>();
    try {
      session.stage("open", () -> open(session, files, opened));
      Survey survey =
          session.stage(
              "look",
              () ->
                  Survey.run(
                      opened,
                      new Survey.Settings(
                          single.withThreads(threads), session.threads(), errors.skip()),
                      dataset,
                      subjects,
                      session.progress()));
      survey.skipped().forEach(session::skip);
      List<Report.ReportedModel> reported = reported(files, opened, survey, dataset);
      Report.About about =
          new Report.About(
              reported,
              subject(dataset, subjects.size(), all.size()),
              settings(single, dataset),
              training);
      session.stage(
          "write",
          () -> {
            Files.createDirectories(output);
            Report.write(file, survey, about);
            return file;
          });
      session.say(
          "%s: %d images, %.1f MB; open it in a browser"
              .formatted(file, survey.images(), Files.size(file) / 1e6));
      return json(session, file, survey, reported);
    } finally {
      Closing.all(opened, Segmenter::close);
    }
  }

  private void refuseTwice() {
    for (Path model : models) {
      if (Collections.frequency(models, model) > 1) {
        throw usage("--model " + model + " is given twice");
      }
    }
  }

  /** What is known of a model before it is opened with its backbone. */
  private record ModelFile(
      Path path, String label, String weights, ModelInfo info, Provenance provenance) {}

  private List<ModelFile> files() throws IOException {
    List<ModelFile> files = new ArrayList<>();
    for (Path path : models) {
      try (SegmenterFile opened = SegmenterFile.open(path)) {
        refuseMissingNames(path, opened.info());
        files.add(
            new ModelFile(
                path,
                label(path),
                opened.model().fingerprint().substring(0, FINGERPRINT_DIGITS),
                opened.info(),
                opened.model().provenance()));
      }
    }
    return files;
  }

  /** The file's name, or its path where two have the same name. */
  private String label(Path path) {
    long same =
        models.stream().filter(other -> other.getFileName().equals(path.getFileName())).count();
    return (same > 1 ? path : path.getFileName()).toString();
  }

  private List<Segmenter> open(Session session, List<ModelFile> files, List<Segmenter> opened)
      throws IOException {
    for (ModelFile file : files) {
      opened.add(mask.open(session, file.path()));
    }
    return opened;
  }

  private List<Report.ReportedModel> reported(
      List<ModelFile> files, List<Segmenter> opened, Survey survey, Optional<Dataset> dataset) {
    List<Report.ReportedModel> reported = new ArrayList<>();
    for (int model = 0; model < files.size(); model++) {
      ModelFile file = files.get(model);
      ModelInfo info = opened.get(model).info();
      Optional<int[]> merged =
          sensible(mask::options)
              .segments()
              .map(wanted -> file.info().requireDendrogram().cut(info.clusters()));
      reported.add(
          new Report.ReportedModel(
              file.label(),
              file.weights() + merged.map(cut -> "-" + info.clusters()).orElse(""),
              namesFile(file.path()),
              file.provenance(),
              merged,
              naming(model, info, survey, dataset)));
    }
    return reported;
  }

  private String namesFile(Path model) {
    if (models.size() == 1) {
      return "names.json";
    }
    String name =
        label(model).replaceAll("\\.safetensors$", "").replaceAll("[^\\p{Alnum}._-]+", "-");
    return "names-" + name + ".json";
  }

  private void refuseToReplace(Path file) {
    if (Files.exists(file) && !overwrite) {
      throw new BadInputException(
          file + " is there already; choose another folder, or --overwrite");
    }
  }

  private Optional<TrainingCurves> curves() throws IOException {
    return log.isEmpty()
        ? Optional.empty()
        : Optional.of(TrainingCurves.of(log.get(), EpochLog.read(log.get())));
  }

  private List<Survey.Subject> subjects(Session session, Optional<Dataset> dataset)
      throws IOException {
    if (dataset.isPresent()) {
      return dataset.get().samples().stream()
          .map(sample -> new Survey.Subject(sample.name(), sample.image(), Optional.of(sample)))
          .toList();
    }
    return source.images(session, !errors.skip()).stream()
        .map(input -> new Survey.Subject(input.name().toString(), input.path(), Optional.empty()))
        .toList();
  }

  private void refuseMissingNames(Path model, ModelInfo info) {
    if (match.filter(Choice.STORED::equals).isPresent() && info.names().isEmpty()) {
      throw new IncompatibleException(
          model
              + " holds no names for its clusters; store them with 'eigenseg match', or leave out --match stored");
    }
  }

  private Naming naming(int model, ModelInfo info, Survey survey, Optional<Dataset> dataset) {
    if (dataset.isEmpty()) {
      return Naming.stored(info.names());
    }
    Choice byDefault = info.names().isPresent() ? Choice.STORED : Choice.IOU;
    Matching matching = Matching.valueOf(match.orElse(byDefault).name());
    return Naming.matched(
        dataset.get().classes(),
        matching.match(
            survey.confusion(model).orElseThrow(), dataset.get().classes(), info.names()),
        matching);
  }

  private static String subject(Optional<Dataset> dataset, int shown, int all) {
    String images =
        shown < all ? String.format(Locale.ROOT, "%d of %d images", shown, all) : all + " images";
    return dataset.map(known -> known.name() + " " + known.split() + ", " + images).orElse(images);
  }

  private SequencedMap<String, String> settings(SegmentOptions options, Optional<Dataset> dataset) {
    SequencedMap<String, String> settings = new LinkedHashMap<>();
    dataset.ifPresent(known -> {
      settings.put("dataset", known.name());
      settings.put("split", known.split());
    });
    settings.put("limit", Integer.toString(limit));
    match.ifPresent(choice -> settings.put("match", choice.name().toLowerCase(Locale.ROOT)));
    settings.putAll(mask.settings(options));
    settings.put("eigenseg", Provenance.version());
    return settings;
  }

  private JsonObject json(
      Session session, Path file, Survey survey, List<Report.ReportedModel> reported)
      throws IOException {
    JsonObject json = new JsonObject();
    json.addProperty("report", file.toString());
    json.addProperty("bytes", Files.size(file));
    json.addProperty("images", survey.images());
    JsonArray results = new JsonArray();
    for (int model = 0; model < reported.size(); model++) {
      JsonObject result = new JsonObject();
      Naming naming = reported.get(model).naming();
      result.addProperty("model", models.get(model).toString());
      result.addProperty("matching", naming.matching());
      survey
          .scores(model, naming)
          .ifPresent(scores -> {
            result.addProperty("accuracy", 100 * scores.accuracy());
            result.addProperty("miou", 100 * scores.meanIou());
          });
      results.add(result);
    }
    json.add("results", results);
    json.add("skipped", session.skippedJson());
    JsonObject seconds = session.stages().toJson();
    survey.seconds().forEach(seconds::addProperty);
    json.add("seconds", seconds);
    return json;
  }
}
