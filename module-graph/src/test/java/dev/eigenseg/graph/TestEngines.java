package dev.eigenseg.graph;

import dev.eigenseg.api.spi.KnnEngine;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** The engine that a run of the tests is about. */
public final class TestEngines {
  private TestEngines() {}

  /**
   * The engine of {@code eigenseg.test.engine}, by default the embedded one. Never falls back:
   * skips with the reasons where it is not available, or fails in CI.
   */
  public static KnnEngine underTest() {
    return require(System.getProperty("eigenseg.test.engine", "vector"));
  }

  /** An engine by name, likewise. */
  public static KnnEngine require(String name) {
    KnnEngine engine =
        KnnEngines.all().stream().filter(e -> e.name().equals(name)).findFirst().orElseThrow();
    if (!engine.availability().available()) {
      String why = name + ": " + String.join("; ", engine.availability().reasons());
      if (System.getenv("CI") != null) {
        Assertions.fail(why);
      }
      Assumptions.abort(why);
    }
    return KnnEngines.select(name);
  }
}
