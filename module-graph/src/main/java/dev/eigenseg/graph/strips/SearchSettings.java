package dev.eigenseg.graph.strips;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** What a search depends on, by name, as it is kept with what is unfinished of it. */
public final class SearchSettings {
  private SearchSettings() {}

  /** In what one search differs from another, for a message. */
  public static Optional<String> difference(Map<String, String> one, Map<String, String> other) {
    TreeSet<String> names = new TreeSet<>(one.keySet());
    names.addAll(other.keySet());
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      String found = one.getOrDefault(name, "absent");
      String expected = other.getOrDefault(name, "absent");
      if (!found.equals(expected)) {
        differences.add("its %s is %s, not %s".formatted(name, found, expected));
      }
    }
    return differences.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", differences));
  }
}
