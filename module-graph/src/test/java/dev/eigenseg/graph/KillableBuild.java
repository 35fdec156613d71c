package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Builds a graph in a process of its own, which prints a byte for every tile. */
final class KillableBuild {
  static final Provenance PROVENANCE =
      Provenance.here("graph", Map.of("engine", "vector"), Map.of("bank", "ab"), 0, "cpu");
  private static final int ROWS = 2500;
  private static final int DIM = 16;
  private static final int K = 9;

  // So many threads make small tiles, hundreds of them.
  private static final int THREADS = 8;

  private KillableBuild() {}

  public static void main(String[] arguments) throws IOException {
    build(
        Path.of(arguments[0]),
        Long.parseLong(arguments[2]),
        printing(Long.parseLong(arguments[1])));
  }

  /** Enough for some strips of two blocks: many units of a few tiles. */
  static long littleMemory() {
    try (Tensor features = Tensor.allocate(DType.F32, ROWS, DIM)) {
      return TestEngines.leastMemory(KnnEngines.select("vector"), features, K, THREADS) * 9 / 8;
    }
  }

  static void build(Path target, long memory, Progress progress) throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(7), ROWS, DIM)) {
      KnnEngine.Request request =
          new KnnEngine.Request(FeatureRows.of(features), K, memory, THREADS);
      new KnnGraphBuilder(KnnEngines.select("vector"), request, PROVENANCE)
          .build(GraphPart.WHOLE, target, false, progress);
    }
  }

  private static Progress printing(long millisecondsOfTile) {
    return (name, total, unit) ->
        amount -> {
          for (long i = 0; i < amount && name.equals("graph"); i++) {
            System.out.print('.');
            System.out.flush();
            sleep(millisecondsOfTile);
          }
        };
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Starts such a process.
   *
   * @param slow so that whoever reads can kill in the middle
   */
  static Process start(Path target, boolean slow, File errors) throws IOException {
    return ChildJvm.command(
            List.of(),
            List.of("-Xmx128m"),
            KillableBuild.class,
            target.toString(),
            slow ? "10" : "0",
            Long.toString(littleMemory()))
        .redirectError(errors)
        .start();
  }
}
