package dev.eigenseg.cli.report;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.cli.session.Methods;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.evaluation.Scores;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A page in one file that shows what models made of images: it needs no network and no other file.
 */
public final class Report {
  /**
   * A model of the page.
   *
   * @param label what it is called; no two are called the same
   * @param key under which a browser remembers the names that were typed
   * @param namesFile what its names are saved as
   * @param provenance the model's
   * @param segmentOfCluster where clusters were merged, the segment of each
   * @param naming what clusters or segments are called; where there is a ground truth, its classes
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record ReportedModel(
      String label,
      String key,
      String namesFile,
      Provenance provenance,
      Optional<int[]> segmentOfCluster,
      Naming naming) {
    String unit() {
      return segmentOfCluster.isPresent() ? "segment" : "cluster";
    }
  }

  /**
   * What the page says beyond what was found.
   *
   * @param models in the order of the survey
   * @param subject the images, in a few words
   * @param settings the options of this report
   * @param training the curves of the training, if there is a log
   */
  public record About(
      List<ReportedModel> models,
      String subject,
      SequencedMap<String, String> settings,
      Optional<TrainingCurves> training) {}

  private final Survey survey;
  private final About about;
  private final List<ReportedModel> models;
  private final Optional<Scoreboard> scores;

  private Report(Survey survey, About about) {
    this.survey = survey;
    this.about = about;
    models = about.models();
    scores = scores();
  }

  /** Writes the page; it is whole or absent. */
  public static void write(Path file, Survey survey, About about) throws IOException {
    Page page = new Report(survey, about).page();
    AtomicFile.write(
        file,
        channel -> {
          // The channel stays open: whoever opened it forces it to disk.
          Writer out =
              new BufferedWriter(
                  Channels.newWriter((WritableByteChannel) channel, StandardCharsets.UTF_8));
          template().execute(page, out);
          out.flush();
        });
  }

  private Optional<Scoreboard> scores() {
    List<ScoreTables> tables = new ArrayList<>();
    for (int model = 0; model < models.size(); model++) {
      Naming naming = models.get(model).naming();
      Optional<Scores> scored = survey.scores(model, naming);
      if (scored.isEmpty()) {
        return Optional.empty();
      }
      tables.add(
          ScoreTables.of(
              models.get(model).label(),
              scored.get(),
              survey.confusion(model).orElseThrow(),
              survey.dataset().orElseThrow().classes(),
              naming));
    }
    String matching =
        models.stream()
            .map(model -> model.naming().matching())
            .distinct()
            .collect(Collectors.joining(", "));
    return Optional.of(Scoreboard.of(matching, survey.dataset().orElseThrow().classes(), tables));
  }

  private static Template template() {
    return Mustache.compiler().withCollector(new Optionals()).compile(resource("report.html"));
  }

  private static String resource(String name) {
    try (InputStream in = Report.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + name + " is missing from this build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // Its last line names a file that is not here.
  private static String chartLibrary() {
    return resource("chart.umd.min.js").replaceFirst("//# sourceMappingURL=.*", "");
  }

  private Page page() {
    List<ClassList.NamedClass> classes =
        survey.dataset().map(known -> known.classes().classes()).orElse(List.of());
    return new Page(
        models.stream().map(ReportedModel::label).collect(Collectors.joining(", ")),
        about.subject(),
        models.size() > 1,
        figures(),
        List.copyOf(survey.skipped().sequencedValues()),
        IntStream.range(0, models.size()).mapToObj(this::column).toList(),
        PictureCards.of(survey, models),
        survey.dataset().isPresent(),
        classes.stream()
            .map(known -> new Page.Known(known.name(), Text.color(known.rgb())))
            .toList(),
        IntStream.range(0, models.size())
            .mapToObj(this::outputs)
            .distinct()
            .collect(Collectors.joining(", ")),
        eigenfunctions(),
        scores,
        about.training(),
        timings(),
        provenance(),
        PageData.json(survey, models, scores, about.training()),
        resource("report.css"),
        chartLibrary(),
        resource("names.js") + resource("pictures.js") + resource("charts.js"));
  }

  private List<Page.Figure> figures() {
    List<Page.Figure> figures = new ArrayList<>();
    Page.Figure images = new Page.Figure("Images", Integer.toString(survey.images()), "");
    if (models.size() > 1) {
      figures.add(images);
      figures.add(new Page.Figure("Models", Integer.toString(models.size()), ""));
    } else {
      figures.addAll(figures(0));
      figures.add(figures.size() - 1, images);
    }
    return figures;
  }

  private List<Page.Figure> figures(int model) {
    List<Page.Figure> figures = new ArrayList<>();
    scores.ifPresent(board -> {
      figures.add(new Page.Figure("mIoU", board.tables().get(model).miou(), "%"));
      figures.add(new Page.Figure("Accuracy", board.tables().get(model).accuracy(), "%"));
    });
    long[] counts = survey.counts(model);
    long used = Arrays.stream(counts).filter(count -> count > 0).count();
    String unit = models.get(model).unit();
    figures.add(
        new Page.Figure(
            Character.toUpperCase(unit.charAt(0)) + unit.substring(1) + "s in use",
            Long.toString(used),
            "of " + counts.length));
    return figures;
  }

  private Page.Column column(int model) {
    ReportedModel known = models.get(model);
    return new Page.Column(
        model,
        known.label(),
        Methods.label(info(model).method()),
        known.unit(),
        known.namesFile(),
        figures(model),
        survey.unclear(model).isPresent(),
        ClusterCards.of(survey, model));
  }

  private ModelInfo info(int model) {
    return survey.models().get(model).info();
  }

  private String outputs(int model) {
    return info(model).method().equals(SegmenterMethod.NEURAL_EIGENFUNCTIONS.text())
        ? "Eigenfunctions"
        : "Closeness to centres";
  }

  private List<Page.Eigenfunctions> eigenfunctions() {
    List<Page.Eigenfunctions> shown = new ArrayList<>();
    List<Finding> findings = survey.findings();
    for (int order = 0; order < findings.size(); order++) {
      Finding finding = findings.get(order);
      if (!finding.outcomes().getFirst().eigenmaps().isEmpty()) {
        shown.add(
            new Page.Eigenfunctions(
                order,
                finding.name(),
                finding.plate().size(),
                IntStream.range(0, models.size())
                    .mapToObj(model -> maps(finding, model))
                    .toList()));
      }
    }
    return shown;
  }

  private Page.Maps maps(Finding finding, int model) {
    return new Page.Maps(
        model,
        models.get(model).label(),
        outputs(model),
        models.get(model).unit(),
        finding.outcomes().get(model).eigenmaps().stream()
            .map(map ->
                new Page.Eigenfunction(map.cluster(), Text.percent(map.share()), map.picture()))
            .toList());
  }

  private List<Page.Timing> timings() {
    return survey.seconds().entrySet().stream()
        .map(stage ->
            new Page.Timing(
                stage.getKey(),
                Text.seconds(stage.getValue()),
                Text.seconds(1000 * stage.getValue() / survey.images())))
        .toList();
  }

  private List<Page.Provenances> provenance() {
    List<Page.Provenances> all = new ArrayList<>();
    for (int model = 0; model < models.size(); model++) {
      String of = models.size() > 1 ? models.get(model).label() + " · " : "";
      Provenance training = models.get(model).provenance();
      all.add(Page.Provenances.of(of + "Model", model(model)));
      all.add(
          Page.Provenances.of(
              of + "Training: settings, seed " + training.seed(), training.settings()));
      all.add(Page.Provenances.of(of + "Training: made from", training.inputs()));
      all.add(Page.Provenances.of(of + "Training: versions", training.versions()));
    }
    all.add(Page.Provenances.of("This report", about.settings()));
    return all;
  }

  private SequencedMap<String, String> model(int index) {
    ModelInfo info = info(index);
    SequencedMap<String, String> model = new LinkedHashMap<>();
    model.put("method", info.method());
    model.put(models.get(index).unit() + "s", Integer.toString(info.clusters()));
    model.put("backbone", info.backboneId());
    model.put("backbone SHA-256", info.backboneSha256());
    model.put("size", info.geometry().resize().map(Object::toString).orElse("each image's own"));
    model.put("patch", info.geometry().patchSize() + " pixels");
    model.put("names", models.get(index).naming().matching());
    return model;
  }
}
