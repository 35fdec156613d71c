package dev.eigenseg.graph.blas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestEngines;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlasKnnEngineTest {
  private static final long ENOUGH = 1L << 28;
  private final long seed = 11;

  @Test
  void findsWhatTheEmbeddedProductsFind() throws IOException {
    Random random = new Random(seed);
    KnnEngine blas = TestEngines.require("blas");
    int[][] shapes = {{2, 1, 1}, {97, 3, 96}, {500, 17, 8}, {1203, 33, 20}};
    for (int[] shape : shapes) {
      try (Tensor features = RandomData.gaussian(random, shape[0], shape[1]);
          KnnGraph expected = graph(KnnEngines.select("vector"), features, shape[2]);
          KnnGraph found = graph(blas, features, shape[2])) {
        for (long i = 0; i < (long) shape[0] * shape[2]; i++) {
          assertEquals(expected.similarities().get(i), found.similarities().get(i), 1e-5);
        }
      }
    }
  }

  private static KnnGraph graph(KnnEngine engine, Tensor features, int k) throws IOException {
    return graph(engine, features, k, ENOUGH, 3);
  }

  private static KnnGraph graph(KnnEngine engine, Tensor features, int k, long memory, int threads)
      throws IOException {
    return KnnGraph.build(
        engine, new KnnEngine.Request(FeatureRows.of(features), k, memory, threads), Progress.NONE);
  }

  @Test
  void anyThreadsAndMemoryGiveTheSameBytes() throws IOException {
    KnnEngine blas = TestEngines.require("blas");
    try (Tensor features = RandomData.gaussian(new Random(seed), 2111, 9);
        KnnGraph expected = graph(blas, features, 10)) {
      for (int threads : new int[] {1, 2, 5}) {
        long least = TestEngines.leastMemory(blas, features, 10, threads);
        for (long memory : new long[] {least, 2 * least, ENOUGH}) {
          try (KnnGraph found = graph(blas, features, 10, memory, threads)) {
            assertSame(expected, found, threads + " threads, " + memory + " bytes");
          }
        }
      }
    }
  }

  private static void assertSame(KnnGraph expected, KnnGraph found, String what) {
    assertEquals(-1, expected.ids().segment().mismatch(found.ids().segment()), what);
    assertEquals(
        -1, expected.similarities().segment().mismatch(found.similarities().segment()), what);
  }

  @Test
  void saysWhichLibraryItCalls() {
    KnnEngine blas = TestEngines.require("blas");
    assertTrue(
        blas.details().contains(BlasFile.find().path().orElseThrow().toString()), blas.details());
  }

  @Test
  void aFileThatIsNotThereIsRefused(@TempDir Path folder) {
    Path missing = folder.resolve("libnothing.so");
    String before = System.getProperty(BlasFile.PROPERTY);
    System.setProperty(BlasFile.PROPERTY, missing.toString());
    try {
      assertTrue(BlasFile.find().path().isEmpty());
      List<String> reasons = new BlasKnnEngine().availability().reasons();
      assertTrue(reasons.toString().contains(missing.toString()), reasons.toString());
      UnavailableException e =
          assertThrows(UnavailableException.class, () -> KnnEngines.select("blas"));
      assertTrue(e.getMessage().contains(missing.toString()), e.getMessage());
    } finally {
      if (before == null) {
        System.clearProperty(BlasFile.PROPERTY);
      } else {
        System.setProperty(BlasFile.PROPERTY, before);
      }
    }
  }
}
