package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that {@code report.html} names.
 *
 * @param title the models' files
 * @param subject the images, in a few words
 * @param several whether there is more than one model
 * @param figures the key figures
 * @param skipped images that could not be used
 * @param models in the order of the columns
 * @param pictures one for each image
 * @param truth present where there is a ground truth: choices that need one
 * @param classes of the ground truth
 * @param outputs what the models compute for each cluster: eigenfunctions, or closeness to centres
 * @param eigenfunctions those of a few images
 * @param scores where there is a ground truth
 * @param training where there is a log
 * @param timings by stage
 * @param provenance of the models, and of this page
 * @param data what the scripts read, as JSON
 * @param style the style sheet
 * @param library the chart library
 * @param script of the page
 */
record Page(
    String title,
    String subject,
    boolean several,
    List<Figure> figures,
    List<String> skipped,
    List<Column> models,
    List<PictureCards.Card> pictures,
    boolean truth,
    List<Known> classes,
    String outputs,
    List<Eigenfunctions> eigenfunctions,
    Optional<Scoreboard> scores,
    Optional<TrainingCurves> training,
    List<Timing> timings,
    List<Provenances> provenance,
    String data,
    String style,
    String library,
    String script) {
  /** Whether any model's images are ordered by how clearly it decided. */
  boolean ranked() {
    return models.stream().anyMatch(Column::ranked);
  }

  boolean hasSkipped() {
    return !skipped.isEmpty();
  }

  /**
   * One model.
   *
   * @param method in the paper's word
   * @param unit what its outputs are of: a cluster, or a segment of merged clusters
   * @param file what its names are saved as
   * @param ranked whether images are ordered by how clearly it decided
   * @param clusters those in use
   */
  record Column(
      int index,
      String label,
      String method,
      String unit,
      String file,
      List<Figure> figures,
      boolean ranked,
      List<ClusterCards.Card> clusters) {}

  /** A class. */
  record Known(String name, String color) {}

  /** A number worth a place at the top. */
  record Figure(String name, String value, String unit) {}

  /** The eigenfunctions over one image. */
  record Eigenfunctions(int order, String name, Size shown, List<Maps> models) {}

  /** Those of one model. */
  record Maps(int index, String label, String outputs, String unit, List<Eigenfunction> maps) {}

  /** One of them. */
  record Eigenfunction(int cluster, String share, String picture) {}

  /** A stage of the work. */
  record Timing(String stage, String seconds, String perImage) {}

  /** A part of a provenance. */
  record Provenances(String title, List<Entry> entries) {
    static Provenances of(String title, Map<String, String> entries) {
      return new Provenances(
          title,
          entries.entrySet().stream()
              .map(entry -> new Entry(entry.getKey(), entry.getValue()))
              .toList());
    }
  }

  /** A line of a provenance. */
  record Entry(String name, String value) {}
}
