package dev.eigenseg.cli.report;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.infer.SegmenterMethod;
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

/**
 * A page in one file that shows what a model made of images: it needs no network and no other file.
 */
public final class Report {
  private static final int LEGEND = 40;

  /**
   * What the page says beyond what was found.
   *
   * @param model the model's file
   * @param subject the images, in a few words
   * @param provenance the model's
   * @param settings the options of this report
   * @param training the curves of the training, if there is a log
   */
  public record About(
      String model,
      String subject,
      Provenance provenance,
      SequencedMap<String, String> settings,
      Optional<TrainingCurves> training) {}

  private final Survey survey;
  private final Naming naming;
  private final Optional<ScoreTables> scores;
  private final About about;

  private Report(Survey survey, Naming naming, About about) {
    this.survey = survey;
    this.naming = naming;
    this.about = about;
    scores =
        survey
            .scores(naming)
            .map(scored ->
                ScoreTables.of(
                    scored,
                    survey.confusion().orElseThrow(),
                    survey.dataset().orElseThrow().classes(),
                    naming));
  }

  /**
   * Writes the page; it is whole or absent.
   *
   * @param naming what the clusters are called; where there is a ground truth, its classes
   */
  public static void write(Path file, Survey survey, Naming naming, About about)
      throws IOException {
    Page page = new Report(survey, naming, about).page();
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
    List<PictureCards.Part> parts = PictureCards.Part.of(survey.counts(), naming);
    int more = Math.max(0, parts.size() - LEGEND);
    return new Page(
        about.model(),
        about.subject(),
        figures(),
        List.copyOf(survey.skipped().sequencedValues()),
        new PictureCards(naming, survey.dataset()).of(survey.findings()),
        survey.dataset().isPresent(),
        parts.subList(0, parts.size() - more),
        more > 0 ? Optional.of(more) : Optional.empty(),
        outputs(),
        eigenfunctions(),
        ClusterCards.of(survey, naming),
        scores,
        about.training(),
        timings(),
        provenance(),
        Charts.json(scores, about.training(), survey.seconds()),
        resource("report.css"),
        chartLibrary(),
        resource("report.js"));
  }

  private List<Page.Figure> figures() {
    List<Page.Figure> figures = new ArrayList<>();
    scores.ifPresent(tables -> {
      figures.add(new Page.Figure("mIoU", tables.miou(), "%"));
      figures.add(new Page.Figure("Accuracy", tables.accuracy(), "%"));
    });
    long used = Arrays.stream(survey.counts()).filter(count -> count > 0).count();
    figures.add(new Page.Figure("Images", Integer.toString(survey.images()), ""));
    figures.add(
        new Page.Figure("Clusters in use", Long.toString(used), "of " + survey.counts().length));
    return figures;
  }

  private String outputs() {
    String method = survey.segmenter().info().method();
    return method.equals(SegmenterMethod.NEURAL_EIGENFUNCTIONS.text())
        ? "Eigenfunctions"
        : "Closeness to centres";
  }

  private List<Page.Eigenfunctions> eigenfunctions() {
    return survey.findings().stream()
        .filter(finding -> !finding.eigenmaps().isEmpty())
        .map(finding ->
            new Page.Eigenfunctions(
                finding.name(),
                finding.photo(),
                Thumbnail.sizeOf(finding.size().width(), finding.size().height()),
                finding.eigenmaps().stream()
                    .map(map ->
                        new Page.Eigenfunction(
                            map.cluster(),
                            naming.named()
                                ? Optional.of(naming.label(map.cluster()))
                                : Optional.empty(),
                            Text.color(naming.color(map.cluster())),
                            Text.percent(map.share()),
                            map.picture()))
                    .toList()))
        .toList();
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
    ModelInfo info = survey.segmenter().info();
    SequencedMap<String, String> model = new LinkedHashMap<>();
    model.put("method", info.method());
    model.put("clusters", Integer.toString(info.clusters()));
    model.put("backbone", info.backboneId());
    model.put("backbone SHA-256", info.backboneSha256());
    model.put("size", info.geometry().resize().map(Object::toString).orElse("each image's own"));
    model.put("patch", info.geometry().patchSize() + " pixels");
    model.put("names", naming.matching());
    Provenance training = about.provenance();
    return List.of(
        Page.Provenances.of("Model", model),
        Page.Provenances.of("Training: settings, seed " + training.seed(), training.settings()),
        Page.Provenances.of("Training: made from", training.inputs()),
        Page.Provenances.of("Training: versions", training.versions()),
        Page.Provenances.of("This report", about.settings()));
  }
}
