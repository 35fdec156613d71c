package dev.eigenseg.train.study;

import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.train.evaluation.Protocol;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One row of a study: models of one recipe, scored on one split.
 *
 * @param part the question that it belongs to
 * @param label what distinguishes it from the others of its part
 * @param recipe of its models
 * @param methods to compare
 * @param evaluated the images to score on
 * @param protocol of scoring
 * @param crf whether refined segments are scored too
 * @param known what others have reported of it
 */
public record Experiment(
    String part,
    String label,
    Recipe recipe,
    List<SegmenterMethod> methods,
    StudySplit evaluated,
    Protocol protocol,
    boolean crf,
    List<KnownScore> known) {
  /** Copies the lists. */
  public Experiment {
    methods = List.copyOf(methods);
    known = List.copyOf(known);
  }

  /** A name for files. */
  public String name() {
    return (part + "-" + label).toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "-");
  }

  /** The same with models of another recipe. */
  public Experiment withRecipe(Recipe other) {
    return new Experiment(part, label, other, methods, evaluated, protocol, crf, known);
  }

  /** What others have reported of a method here. */
  public Optional<KnownScore> known(SegmenterMethod method) {
    return known.stream().filter(score -> score.method().equals(method.text())).findFirst();
  }

  /** The same with what others have reported. */
  Experiment withKnown(List<KnownScore> scores) {
    return new Experiment(part, label, recipe, methods, evaluated, protocol, crf, scores);
  }
}
