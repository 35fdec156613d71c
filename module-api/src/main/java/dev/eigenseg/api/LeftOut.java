package dev.eigenseg.api;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How many files of a folder are none of its images, by kind. {@link #toString()} says it in a
 * line; nothing for the empty one.
 *
 * @param others files whose endings are no image's, by ending with its dot; those without one under
 *     {@code "no ending"}
 * @param hidden files and folders that the system or a program keeps for itself
 * @param results masks, overlays and pictures that Eigenseg itself made
 * @param again images that are there under another name
 * @param loops links that lead to a folder above them, or nowhere
 */
public record LeftOut(
    SortedMap<String, Integer> others, int hidden, int results, int again, int loops) {
  /** Nothing was left out. */
  public static final LeftOut NOTHING = new LeftOut(new TreeMap<>(), 0, 0, 0, 0);

  /** Copies the map. */
  public LeftOut {
    others = Collections.unmodifiableSortedMap(new TreeMap<>(others));
  }

  /** Whether there was nothing to leave out. */
  public boolean isEmpty() {
    return equals(NOTHING);
  }

  /** What was left out of two places. */
  public LeftOut and(LeftOut other) {
    SortedMap<String, Integer> sums = new TreeMap<>(others);
    other.others.forEach((ending, count) -> sums.merge(ending, count, Integer::sum));
    return new LeftOut(
        sums,
        hidden + other.hidden,
        results + other.results,
        again + other.again,
        loops + other.loops);
  }

  @Override
  public String toString() {
    List<String> kinds = new ArrayList<>();
    int files = others.values().stream().mapToInt(Integer::intValue).sum();
    add(kinds, files, "file that is no image" + endings(), "files that are no images" + endings());
    add(kinds, hidden, "hidden", "hidden");
    add(kinds, results, "result of Eigenseg", "results of Eigenseg");
    add(kinds, again, "image by a second name", "images by a second name");
    add(kinds, loops, "link that leads nowhere new", "links that lead nowhere new");
    return String.join(", ", kinds);
  }

  private String endings() {
    List<String> texts = new ArrayList<>();
    for (Map.Entry<String, Integer> other : others.entrySet()) {
      texts.add(
          other.getValue() == 1 || others.size() == 1
              ? other.getKey()
              : other.getValue() + " " + other.getKey());
    }
    return " (" + String.join(", ", texts) + ")";
  }

  private static void add(List<String> kinds, int count, String one, String many) {
    if (count > 0) {
      kinds.add(count + " " + (count == 1 ? one : many));
    }
  }
}
