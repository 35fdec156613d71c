package dev.eigenseg.cli.evaluate;

import com.google.gson.JsonObject;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.SegmentOptions;
import dev.eigenseg.api.Segmenter;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A page that shows what a model makes of images. */
@Command(
    name = "report",
    description = {
      "Shows what a model makes of images, in one HTML file.",
      "Segments over photographs, eigenfunctions as maps, the most typical patches of each "
          + "cluster, provenance and times; with a dataset's ground truth errors and scores too. "
          + "DIR/report.html needs no network and no other file; a hundred images take less than "
          + "20 MB."
    },
    footer = {
      "",
      "Examples:",
      "  eigenseg report -m street.safetensors -o report photos/",
      "  eigenseg report -m street.safetensors --dataset camvid --root camvid --split val --log training.jsonl -o report"
    })
public final class ReportCommand extends WorkCommand {
  private static final String FILE = "report.html";

  private enum Choice {
    IOU,
    MAJORITY,
    HUNGARIAN,
    STORED
  }

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
      description = "The training's log, as 'train --log' wrote it, for its curves.")
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
    Optional<TrainingCurves> training = curves();
    Provenance provenance = provenance();
    Optional<Dataset> dataset = source.groundTruth(session, !errors.skip());
    if (match.isPresent() && dataset.isEmpty()) {
      throw usage("--match needs a ground truth: give --dataset");
    }
    List<Survey.Subject> all = subjects(session, dataset);
    List<Survey.Subject> subjects = Spread.of(all, limit);
    int threads = session.threadsPerImage(subjects.size());
    Devices.preferThreads(threads);
    try (Segmenter segmenter = session.stage("open", mask::open)) {
      refuseMissingNames(segmenter);
      Survey survey =
          session.stage(
              "look",
              () ->
                  Survey.run(
                      segmenter,
                      new Survey.Settings(
                          single.withThreads(threads), session.threads(), errors.skip()),
                      dataset,
                      subjects,
                      session.progress()));
      survey.skipped().forEach(session::skip);
      Naming naming = naming(segmenter, survey, dataset);
      Report.About about =
          new Report.About(
              mask.model().getFileName().toString(),
              subject(dataset, subjects.size(), all.size()),
              provenance,
              settings(single, dataset),
              training);
      session.stage(
          "write",
          () -> {
            Files.createDirectories(output);
            Report.write(file, survey, naming, about);
            return file;
          });
      session.say(
          "%s: %d images, %.1f MB; open it in a browser"
              .formatted(file, survey.images(), Files.size(file) / 1e6));
      return json(session, file, survey, naming);
    }
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

  private Provenance provenance() throws IOException {
    try (SegmenterFile opened = SegmenterFile.open(mask.model())) {
      return opened.model().provenance();
    }
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

  private void refuseMissingNames(Segmenter segmenter) {
    if (match.filter(Choice.STORED::equals).isPresent() && segmenter.info().names().isEmpty()) {
      throw new IncompatibleException(
          mask.model()
              + " holds no names for its clusters; store them with 'eigenseg match', or leave out --match stored");
    }
  }

  private Naming naming(Segmenter segmenter, Survey survey, Optional<Dataset> dataset) {
    if (dataset.isEmpty()) {
      return Naming.stored(segmenter.info().names());
    }
    Choice byDefault = segmenter.info().names().isPresent() ? Choice.STORED : Choice.IOU;
    Matching matching = Matching.valueOf(match.orElse(byDefault).name());
    return Naming.matched(
        dataset.get().classes(),
        matching.match(
            survey.confusion().orElseThrow(), dataset.get().classes(), segmenter.info().names()),
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

  private JsonObject json(Session session, Path file, Survey survey, Naming naming)
      throws IOException {
    JsonObject json = new JsonObject();
    json.addProperty("model", mask.model().toString());
    json.addProperty("report", file.toString());
    json.addProperty("bytes", Files.size(file));
    json.addProperty("images", survey.images());
    json.addProperty("matching", naming.matching());
    survey
        .scores(naming)
        .ifPresent(scores -> {
          json.addProperty("accuracy", 100 * scores.accuracy());
          json.addProperty("miou", 100 * scores.meanIou());
        });
    json.add("skipped", session.skippedJson());
    JsonObject seconds = session.stages().toJson();
    survey.seconds().forEach(seconds::addProperty);
    json.add("seconds", seconds);
    return json;
  }
}
