package dev.eigenseg.api;

import java.util.Random;

/** The seeds of randomised tests. */
public final class TestSeed {
  private TestSeed() {}

  /** A seed that is printed, so that a failure can be repeated with {@code -Deigenseg.seed}. */
  public static long next() {
    long seed = Long.getLong("eigenseg.seed", System.nanoTime());
    System.out.println("seed " + seed + ", repeat with -Deigenseg.seed=" + seed);
    return seed;
  }

  /** Random numbers from such a seed. */
  public static Random random() {
    return new Random(next());
  }
}
