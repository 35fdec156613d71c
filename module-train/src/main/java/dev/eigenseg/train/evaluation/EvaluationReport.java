package dev.eigenseg.train.evaluation;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.ModelInfo;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.train.dataset.Dataset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The scores of several models on one dataset: each model under each oracle matching, never mixed,
 * and their spread over seeds.
 *
 * @param dataset the dataset's name
 * @param split its split
 * @param classes its classes
 * @param images how many images were scored
 * @param protocol under which
 * @param remark whether scores under it can be compared with published ones
 * @param results by model, as evaluated, and matching
 * @param groups results of models that differ by their seed alone, also groups of one
 */
public record EvaluationReport(
    String dataset,
    String split,
    ClassList classes,
    long images,
    Protocol protocol,
    String remark,
    List<MatchedResult> results,
    List<SeedGroup> groups) {
  /** Copies the lists. */
  public EvaluationReport {
    results = List.copyOf(results);
    groups = List.copyOf(groups);
  }

  /**
   * Scores an evaluation.
   *
   * @param protocol the one it was made under
   * @param provenances where the models come from, by the names of the results; a model without is
   *     in no group
   * @param stored whose names from the model's file are scored too, beside the oracle matchings
   * @throws dev.eigenseg.api.IncompatibleException if names that are to be scored are missing or
   *     none is a class of the dataset
   * @throws dev.eigenseg.api.BadInputException if no pixel was judged
   */
  public static EvaluationReport of(
      Dataset dataset,
      Protocol protocol,
      Evaluation evaluation,
      Map<String, Provenance> provenances,
      Predicate<ModelInfo> stored) {
    List<MatchedResult> results = new ArrayList<>();
    for (Evaluation.Result result : evaluation.results()) {
      for (Matching matching : Matching.values()) {
        if (matching.oracle() || stored.test(result.model())) {
          results.add(MatchedResult.of(result, matching, dataset.classes()));
        }
      }
    }
    return new EvaluationReport(
        dataset.name(),
        dataset.split(),
        dataset.classes(),
        evaluation.images(),
        protocol,
        protocol.remark(dataset.name(), evaluation.results().getLast().options()),
        results,
        SeedGroups.of(results, provenances));
  }

  /** As JSON, in percent. */
  public JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("dataset", dataset);
    json.addProperty("split", split);
    json.addProperty("images", images);
    json.addProperty("protocol", protocol.option());
    json.addProperty("protocol-remark", remark);
    JsonArray rows = new JsonArray();
    results.forEach(result -> rows.add(result.toJson(classes)));
    json.add("results", rows);
    JsonArray spreads = new JsonArray();
    groups.forEach(group -> spreads.add(group.toJson(classes)));
    json.add("groups", spreads);
    return json;
  }
}
