package dev.eigenseg.cli.mask;

import java.util.Set;

/** Names of labels for readers that take no name twice. */
final class DistinctNames {
  private DistinctNames() {}

  /**
   * The name, or the first of {@code NAME-2}, {@code NAME-3} that nobody has.
   *
   * @param taken by others; gets the result
   */
  static String take(String name, Set<String> taken) {
    String wanted = name.isBlank() ? "unnamed" : name;
    String free = wanted;
    for (int number = 2; !taken.add(free); number++) {
      free = wanted + "-" + number;
    }
    return free;
  }
}
