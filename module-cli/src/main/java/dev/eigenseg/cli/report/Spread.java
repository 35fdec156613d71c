package dev.eigenseg.cli.report;

import java.util.List;
import java.util.stream.IntStream;

/** A few of many, evenly spread: the first ones of a film would all show the same street. */
public final class Spread {
  private Spread() {}

  /** At most {@code count} of the values, in their order, the first among them. */
  public static <T> List<T> of(List<T> values, int count) {
    int kept = Math.min(count, values.size());
    return IntStream.range(0, kept)
        .mapToObj(i -> values.get((int) ((long) i * values.size() / kept)))
        .toList();
  }
}
