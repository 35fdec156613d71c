package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.ClusteredRows;
import dev.eigenseg.graph.CpuTime;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * Clusters rows that are in memory from the seeds of one start, which it writes for others to begin
 * with, and prints wall and processor seconds of the passes, inertia, passes, wall seconds of
 * seeding, rows and channels, with tabs between: {@code KMeansComparison START.f32 CLUSTERS PASSES
 * THREADS bank FOLDER} or {@code ... clustered ROWS DIM}.
 */
final class KMeansComparison {
  private KMeansComparison() {}

  static void main(String[] arguments) throws IOException {
    Path start = Path.of(arguments[0]);
    KMeansOptions options =
        KMeansOptions.of(Integer.parseInt(arguments[1]))
            .withLimits(Integer.parseInt(arguments[2]), 1e-4)
            .withThreads(Integer.parseInt(arguments[3]))
            .withSeed(1);
    if (arguments[4].equals("bank")) {
      try (FeatureBank bank = FeatureBank.open(Path.of(arguments[5]))) {
        measure(bank.level(Level.HIGH), start, options);
      }
      return;
    }
    try (Tensor rows =
        ClusteredRows.of(Integer.parseInt(arguments[5]), Integer.parseInt(arguments[6]))) {
      measure(FeatureRows.of(rows), start, options);
    }
  }

  private static void measure(FeatureRows features, Path start, KMeansOptions options)
      throws IOException {
    SplittableRandom random = new SplittableRandom(options.seed()).split();
    try (ClusterRows rows =
            ClusterRows.of(features, false, options.memory(), options.threads(), Progress.NONE);
        KMeansSearch search = new KMeansSearch(rows, options, false, Progress.NONE)) {
      long begin = System.nanoTime();
      search.seed(random);
      double seeding = (System.nanoTime() - begin) * 1e-9;
      try (Tensor seeds = search.centroids()) {
        Files.write(start, seeds.segment().toArray(ValueLayout.JAVA_BYTE));
      }
      double processor = CpuTime.seconds();
      begin = System.nanoTime();
      try (KMeansResult result = search.converge(random, Progress.Task.NONE)) {
        System.out.printf(
            "%.2f\t%.2f\t%.9g\t%d\t%.2f\t%d\t%d%n",
            (System.nanoTime() - begin) * 1e-9,
            CpuTime.seconds() - processor,
            result.inertia(),
            result.iterations(),
            seeding,
            rows.rows(),
            rows.dim());
      }
    }
  }
}
