package dev.eigenseg.graph.faiss;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.KnnEngine;

/** A process that prints what the engine says of itself, or why it refuses, twice. */
final class EngineDetails {
  /** Begins its lines. */
  static final String MARK = "faiss> ";

  private EngineDetails() {}

  public static void main(String[] arguments) {
    KnnEngine engine = new FaissKnnEngine();
    for (int i = 0; i < 2; i++) {
      System.out.println(MARK + details(engine));
    }
  }

  private static String details(KnnEngine engine) {
    try {
      return engine.details();
    } catch (UnavailableException e) {
      return e.getMessage();
    }
  }
}
