package dev.eigenseg.cli.session;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What somebody may have meant who wrote a word that nobody knows: the words that are a few typing
 * mistakes away, or that it begins.
 */
public final class Nearest {
  private static final int SHOWN = 3;
  private static final int SHORTEST_BEGINNING = 3;

  private Nearest() {}

  /**
   * The known words that are near, the nearest first, at most three. One mistake is allowed for
   * every three letters, and one in two letters; letters that changed places are one mistake.
   */
  public static List<String> of(String word, Collection<String> known) {
    record Candidate(String word, int mistakes) {}

    String given = word.toLowerCase(Locale.ROOT);
    int allowed = given.length() == 2 ? 1 : given.length() / 3;
    return known.stream()
        .distinct()
        .map(candidate -> new Candidate(candidate, mistakes(given, candidate)))
        .filter(
            candidate -> candidate.mistakes() <= allowed || isBeginning(given, candidate.word()))
        .sorted(Comparator.comparingInt(Candidate::mistakes))
        .map(Candidate::word)
        .limit(SHOWN)
        .toList();
  }

  /** The same as words to add to a message; nothing if nothing is near. */
  public static String question(List<String> nearest) {
    return nearest.isEmpty()
        ? ""
        : nearest.stream().collect(Collectors.joining("' or '", "; did you mean '", "'?"));
  }

  private static boolean isBeginning(String given, String candidate) {
    return given.length() >= SHORTEST_BEGINNING
        && candidate.toLowerCase(Locale.ROOT).startsWith(given);
  }

  /** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours. */
  private static int mistakes(String given, String candidate) {
    String other = candidate.toLowerCase(Locale.ROOT);
    int width = other.length() + 1;
    int[] before = new int[width];
    int[] last = new int[width];
    Arrays.setAll(last, j -> j);
    for (int i = 1; i <= given.length(); i++) {
      int[] row = new int[width];
      row[0] = i;
      for (int j = 1; j < width; j++) {
        boolean same = given.charAt(i - 1) == other.charAt(j - 1);
        row[j] = Math.min(last[j - 1] + (same ? 0 : 1), 1 + Math.min(last[j], row[j - 1]));
        boolean swapped =
            i > 1
                && j > 1
                && given.charAt(i - 1) == other.charAt(j - 2)
                && given.charAt(i - 2) == other.charAt(j - 1);
        if (swapped) {
          row[j] = Math.min(row[j], before[j - 2] + 1);
        }
      }
      before = last;
      last = row;
    }
    return last[width - 1];
  }
}
