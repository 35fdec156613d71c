package dev.eigenseg.api;

import java.util.Random;

/** The seeds of randomised tests. */
public final class TestSeed {
  private TestSeed() {}

  /**
   * A seed that is printed, so that a failure can be repeated with {@code -Deigenseg.seed}. With
   * {@code CI} set it is always the same: what a build says then depends on the commit alone.
   */
  public static long next() {
    long seed = Long.getLong("eigenseg.seed", System.getenv("CI") == null ? System.nanoTime() : 1);
    System.out.println("seed " + seed + ", repeat with -Deigenseg.seed=" + seed);
    return seed;
  }

  /** Random numbers from such a seed. */
  public static Random random() {
    return new Random(next());
  }
}
