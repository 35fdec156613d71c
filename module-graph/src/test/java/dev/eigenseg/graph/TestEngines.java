package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  /** The least memory that an exact search accepts, as it says itself. */
  public static long leastMemory(KnnEngine engine, Tensor features, int k, int threads) {
    KnnEngine.Request request = new KnnEngine.Request(FeatureRows.of(features), k, 1, threads);
    BadInputException e = assertThrows(BadInputException.class, () -> engine.predict(request));
    Matcher bytes = Pattern.compile("at least ([0-9,]+) bytes").matcher(e.getMessage());
    assertTrue(bytes.find(), e.getMessage());
    return Long.parseLong(bytes.group(1).replace(",", ""));
  }

  /** A search does all the work that it promises, and stops when it is asked to. */
  public static void checkProgress(KnnEngine engine, KnnEngine.Request request) throws IOException {
    long rows = request.features().rows();
    try (Tensor ids = Tensor.allocate(DType.I32, rows, request.k());
        Tensor similarities = Tensor.allocate(DType.F32, rows, request.k())) {
      AtomicLong done = new AtomicLong();
      AtomicLong promised = new AtomicLong();
      Progress counting =
          (name, total, unit) -> {
            promised.addAndGet(total);
            return done::addAndGet;
          };
      engine.search(request, ids, similarities, counting);
      assertEquals(promised.get(), done.get());
      Progress stopping = new StoppingProgress();
      assertThrows(
          CancelledException.class, () -> engine.search(request, ids, similarities, stopping));
    }
  }
}
