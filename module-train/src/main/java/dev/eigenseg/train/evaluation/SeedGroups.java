package dev.eigenseg.train.evaluation;

import dev.eigenseg.api.Provenance;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;

/** Finds which results belong to trainings that were repeated with other seeds. */
final class SeedGroups {
  /** What all members of a group have in common. */
  private record Key(Provenance recipe, Matching matching, boolean refined) {}

  private final Map<String, Provenance> provenances;

  private SeedGroups(Map<String, Provenance> provenances) {
    this.provenances = provenances;
  }

  /**
   * The groups of results, in the order of their first members. A model that is there twice counts
   * once.
   *
   * @param provenances where models come from, by their names; the others are in no group
   */
  static List<SeedGroup> of(List<MatchedResult> results, Map<String, Provenance> provenances) {
    return new SeedGroups(provenances).group(results);
  }

  private List<SeedGroup> group(List<MatchedResult> results) {
    SequencedMap<Key, SequencedMap<Provenance, MatchedResult>> groups = new LinkedHashMap<>();
    for (MatchedResult result : results) {
      Provenance provenance = provenances.get(result.result().name());
      if (provenance != null) {
        groups
            .computeIfAbsent(
                new Key(provenance.recipe(), result.matching(), result.refined()),
                key -> new LinkedHashMap<>())
            .putIfAbsent(provenance, result);
      }
    }
    List<Provenance> recipes = groups.keySet().stream().map(Key::recipe).distinct().toList();
    List<SeedGroup> found = new ArrayList<>();
    groups.forEach((key, members) ->
        found.add(
            new SeedGroup(
                List.copyOf(members.values()),
                members.keySet().stream().map(Provenance::seed).toList(),
                differences(key.recipe(), recipes))));
    return found;
  }

  /** The settings and inputs of a recipe that not all of the same method share. */
  private static SortedMap<String, String> differences(
      Provenance recipe, List<Provenance> recipes) {
    SortedMap<String, String> own = parts(recipe);
    SortedMap<String, String> differences = new TreeMap<>();
    for (Provenance other : recipes) {
      SortedMap<String, String> parts = parts(other);
      if (parts.getOrDefault("method", "").equals(own.getOrDefault("method", ""))) {
        own.forEach((name, value) -> {
          if (!value.equals(parts.get(name))) {
            differences.put(name, value);
          }
        });
      }
    }
    return differences;
  }

  private static SortedMap<String, String> parts(Provenance recipe) {
    SortedMap<String, String> parts = new TreeMap<>(recipe.inputs());
    parts.putAll(recipe.settings());
    return parts;
  }
}
