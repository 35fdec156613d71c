package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Engines beside each other in one process: the same exact search by each in turn, several times.
 *
 * <p>{@code ExactComparison ROWS DIM K THREADS ROUNDS ENGINE...} prints for every engine its median
 * CPU seconds and wall seconds and the share of its neighbours that the first engine found too,
 * separated by tabs.
 */
final class ExactComparison {
  private static final long MEMORY = 8L << 30;

  private ExactComparison() {}

  /** What one engine took and found. */
  private static final class Contender {
    private final KnnEngine engine;
    private final List<Double> cpu = new ArrayList<>();
    private final List<Double> wall = new ArrayList<>();
    private double shared;

    Contender(String name) {
      this.engine = KnnEngines.select(name);
    }

    KnnGraph run(KnnEngine.Request request) throws IOException {
      long start = System.nanoTime();
      double before = CpuTime.seconds();
      KnnGraph graph = KnnGraph.build(engine, request, Progress.NONE);
      cpu.add(CpuTime.seconds() - before);
      wall.add((System.nanoTime() - start) * 1e-9);
      return graph;
    }

    String line() {
      return "%s\t%.3f\t%.3f\t%.6f"
          .formatted(engine.name(), CpuTime.median(cpu), CpuTime.median(wall), shared);
    }
  }

  /** Runs the comparison. */
  static void main(String[] args) throws IOException {
    int rows = Integer.parseInt(args[0]);
    int dim = Integer.parseInt(args[1]);
    int k = Integer.parseInt(args[2]);
    int threads = Integer.parseInt(args[3]);
    int rounds = Integer.parseInt(args[4]);
    List<Contender> contenders = Arrays.stream(args).skip(5).map(Contender::new).toList();
    try (Tensor features = ClusteredRows.of(rows, dim)) {
      KnnEngine.Request request =
          new KnnEngine.Request(FeatureRows.of(features), k, MEMORY, threads);
      warmUp(contenders, dim, k, threads);
      for (int round = 0; round < rounds; round++) {
        try (KnnGraph first = contenders.getFirst().run(request)) {
          for (Contender other : contenders.subList(1, contenders.size())) {
            try (KnnGraph graph = other.run(request)) {
              other.shared = shared(first, graph);
            }
          }
          contenders.getFirst().shared = 1;
        }
      }
    }
    contenders.forEach(contender -> System.out.println(contender.line()));
  }

  private static void warmUp(List<Contender> contenders, int dim, int k, int threads)
      throws IOException {
    try (Tensor features = ClusteredRows.of(Math.max(4000, 2 * k), dim)) {
      KnnEngine.Request request =
          new KnnEngine.Request(FeatureRows.of(features), k, MEMORY, threads);
      for (int i = 0; i < 3; i++) {
        for (Contender contender : contenders) {
          KnnGraph.build(contender.engine, request, Progress.NONE).close();
        }
      }
    }
  }

  private static double shared(KnnGraph a, KnnGraph b) {
    long common = 0;
    long[] left = new long[a.k()];
    long[] right = new long[a.k()];
    for (long row = 0; row < a.rows(); row++) {
      sorted(a, row, left);
      sorted(b, row, right);
      int i = 0;
      for (long id : right) {
        while (i < left.length && left[i] < id) {
          i++;
        }
        if (i < left.length && left[i] == id) {
          common++;
        }
      }
    }
    return (double) common / a.rows() / a.k();
  }

  private static void sorted(KnnGraph graph, long row, long[] target) {
    for (int i = 0; i < target.length; i++) {
      target[i] = graph.ids().getLong(row * target.length + i);
    }
    Arrays.sort(target);
  }
}
