package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that {@code report.html} names.
 *
 * @param title the model's file
 * @param subject the images, in a few words
 * @param figures the key figures
 * @param skipped images that could not be used
 * @param pictures one for each image
 * @param truth present where there is a ground truth: choices that need one
 * @param legend the classes or clusters, the largest first
 * @param more how many others the legend leaves out
 * @param outputs what the model computes for each cluster: eigenfunctions, or closeness to centres
 * @param eigenfunctions those of a few images
 * @param clusters those in use
 * @param scores where there is a ground truth
 * @param training where there is a log
 * @param timings by stage
 * @param provenance of the model, and of this page
 * @param charts the numbers behind the charts, as JSON
 * @param style the style sheet
 * @param library the chart library
 * @param script of the page
 */
record Page(
    String title,
    String subject,
    List<Figure> figures,
    List<String> skipped,
    List<PictureCards.Card> pictures,
    boolean truth,
    List<PictureCards.Part> legend,
    Optional<Integer> more,
    String outputs,
    List<Eigenfunctions> eigenfunctions,
    List<ClusterCards.Card> clusters,
    Optional<ScoreTables> scores,
    Optional<TrainingCurves> training,
    List<Timing> timings,
    List<Provenances> provenance,
    String charts,
    String style,
    String library,
    String script) {
  boolean hasSkipped() {
    return !skipped.isEmpty();
  }

  /** A number worth a place at the top. */
  record Figure(String name, String value, String unit) {}

  /** The eigenfunctions over one image. */
  record Eigenfunctions(String name, String photo, Size shown, List<Eigenfunction> maps) {}

  /** One of them. */
  record Eigenfunction(
      int cluster, Optional<String> name, String color, String share, String picture) {}

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
