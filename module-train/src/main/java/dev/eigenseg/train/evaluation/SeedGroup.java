package dev.eigenseg.train.evaluation;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.eigenseg.api.ClassList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The scores of models that differ by their seed alone, under one matching and refinement.
 *
 * @param members at least one, in the order of the models
 * @param seeds one for each member
 * @param differences the settings and inputs in which these models differ from others of the same
 *     method in the report, by name; empty if there are no others
 */
public record SeedGroup(
    List<MatchedResult> members, List<Long> seeds, SortedMap<String, String> differences) {
  /** Copies the collections. */
  public SeedGroup {
    members = List.copyOf(members);
    seeds = List.copyOf(seeds);
    differences = Collections.unmodifiableSortedMap(new TreeMap<>(differences));
    if (members.isEmpty() || members.size() != seeds.size()) {
      throw new IllegalArgumentException(
          members.size() + " members with " + seeds.size() + " seeds");
    }
  }

  /** The models' method. */
  public String method() {
    return members.getFirst().result().model().method();
  }

  /** The models' number of clusters. */
  public int clusters() {
    return members.getFirst().result().model().clusters();
  }

  /** How clusters got classes. */
  public Matching matching() {
    return members.getFirst().matching();
  }

  /** Whether clusters were refined by a CRF. */
  public boolean refined() {
    return members.getFirst().refined();
  }

  /** Pixel accuracy over the seeds. */
  public Spread accuracy() {
    return spread(Scores::accuracy);
  }

  /** Mean intersection over union, over the seeds. */
  public Spread meanIou() {
    return spread(Scores::meanIou);
  }

  /**
   * Intersection over union of each class, over the seeds that have it; empty for a class that none
   * has.
   */
  public List<Optional<Spread>> iou() {
    int classes = members.getFirst().scores().iou().size();
    return IntStream.range(0, classes).mapToObj(this::iou).toList();
  }

  private Optional<Spread> iou(int index) {
    double[] values =
        members.stream()
            .map(member -> member.scores().iou().get(index))
            .flatMapToDouble(OptionalDouble::stream)
            .toArray();
    return values.length == 0 ? Optional.empty() : Optional.of(Spread.of(values));
  }

  private Spread spread(ToDoubleFunction<Scores> score) {
    return Spread.of(members.stream().map(MatchedResult::scores).mapToDouble(score).toArray());
  }

  /** As JSON, in percent. */
  JsonObject toJson(ClassList classes) {
    JsonObject json = new JsonObject();
    json.addProperty("method", method());
    json.addProperty("clusters", clusters());
    json.addProperty("crf", refined());
    json.addProperty("matching", matching().option());
    json.addProperty("oracle", matching().oracle());
    json.addProperty("n", members.size());
    JsonArray models = new JsonArray();
    members.forEach(member -> models.add(member.result().name()));
    json.add("models", models);
    JsonArray numbers = new JsonArray();
    seeds.forEach(numbers::add);
    json.add("seeds", numbers);
    JsonObject distinct = new JsonObject();
    differences.forEach(distinct::addProperty);
    json.add("differences", distinct);
    json.add("accuracy", accuracy().toJson());
    json.add("miou", meanIou().toJson());
    json.add("per-class", perClass(classes));
    return json;
  }

  private JsonObject perClass(ClassList classes) {
    JsonObject json = new JsonObject();
    List<Optional<Spread>> spreads = iou();
    for (int c = 0; c < spreads.size(); c++) {
      String name = classes.name(c);
      spreads
          .get(c)
          .ifPresent(spread -> {
            JsonObject scores = spread.toJson();
            scores.addProperty("n", spread.n());
            json.add(name, scores);
          });
    }
    return json;
  }
}
