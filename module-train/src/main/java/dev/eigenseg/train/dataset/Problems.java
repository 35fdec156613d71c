package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What is wrong with a dataset, collected so that the user hears of all of it at once. */
final class Problems {
  private final List<String> problems = new ArrayList<>();

  void add(String problem) {
    problems.add(problem);
  }

  void addAll(Collection<String> more) {
    problems.addAll(more);
  }

  boolean isEmpty() {
    return problems.isEmpty();
  }

  /**
   * Ends with a list of what is wrong, if anything is.
   *
   * @param what has the problems
   * @param remedy the last line: what to do about them
   * @throws BadInputException if there are problems
   */
  void requireNone(String what, String remedy) {
    if (!problems.isEmpty()) {
      throw new BadInputException(
          "%s, found %d problem%s:\n  %s\n%s"
              .formatted(
                  what,
                  problems.size(),
                  problems.size() == 1 ? "" : "s",
                  String.join("\n  ", problems),
                  remedy));
    }
  }
}
