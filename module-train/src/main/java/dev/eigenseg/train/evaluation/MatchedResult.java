package dev.eigenseg.train.evaluation;

import com.google.gson.JsonObject;
import dev.eigenseg.api.ClassList;

/**
 * One model's scores under one matching.
 *
 * @param result what the model made of the dataset
 * @param matching how its clusters got classes
 * @param scores how well those agree with the ground truth
 */
public record MatchedResult(Evaluation.Result result, Matching matching, Scores scores) {
  /** Scores a result under a matching; throws as {@link Matching#match}. */
  static MatchedResult of(Evaluation.Result result, Matching matching, ClassList classes) {
    int[] classOfCluster = matching.match(result.confusion(), classes, result.model().names());
    return new MatchedResult(result, matching, Scores.of(result.confusion(), classOfCluster));
  }

  /** Whether the clusters were refined by a CRF. */
  public boolean refined() {
    return result.options().crf().isPresent();
  }

  /** As JSON, in percent. */
  JsonObject toJson(ClassList classes) {
    JsonObject json = new JsonObject();
    json.addProperty("model", result.name());
    json.addProperty("method", result.model().method());
    json.addProperty("clusters", result.model().clusters());
    json.addProperty("clusters-used", result.confusion().clustersInUse());
    json.addProperty("crf", refined());
    json.addProperty("matching", matching.option());
    json.addProperty("oracle", matching.oracle());
    json.addProperty("accuracy", 100 * scores.accuracy());
    json.addProperty("miou", 100 * scores.meanIou());
    json.addProperty("classes-present", scores.classesPresent());
    JsonObject perClass = new JsonObject();
    scores.perClass(classes).forEach((name, iou) -> perClass.addProperty(name, 100 * iou));
    json.add("per-class", perClass);
    return json;
  }
}
