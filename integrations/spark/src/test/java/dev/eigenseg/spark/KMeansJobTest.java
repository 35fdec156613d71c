package dev.eigenseg.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Backbone.FeatureDims;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.bank.BankSettings;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureBankWriter;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kmeans.KMeans;
import dev.eigenseg.graph.kmeans.KMeansOptions;
import dev.eigenseg.graph.kmeans.KMeansResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KMeansJobTest {
  private static final int DIM = 6;
  private static final int CLUSTERS = 5;

  @TempDir Path folder;

  private static KMeansOptions options() {
    return KMeansOptions.of(CLUSTERS).withThreads(1).withLimits(100, 0).withBatchRows(0);
  }

  /** Three blocks of rows around far-apart points. */
  private Path bank() throws IOException {
    int side = 300;
    Random random = new Random(1);
    BankSettings settings =
        new BankSettings(
            "test",
            "0".repeat(64),
            "test",
            Map.of(),
            new FeatureDims(1, 1, DIM),
            DType.F32,
            new ImageGeometry(Optional.empty(), 1));
    Path bank = folder.resolve("bank");
    try (FeatureBankWriter writer =
            FeatureBankWriter.open(
                bank, settings, Provenance.here("extract", Map.of(), Map.of(), 0, "cpu"));
        PatchFeatures features =
            new PatchFeatures(
                side,
                side,
                Tensor.allocate(DType.F32, side * side, 1),
                Tensor.allocate(DType.F32, side * side, 1),
                Tensor.allocate(DType.F32, side * side, DIM));
        Tensor colors = Tensor.allocate(DType.F32, side * side, 3)) {
      for (int i = 0; i < side * side * DIM; i++) {
        float center = i / DIM % CLUSTERS == i % DIM ? 30 : 0;
        features.high().set(i, center + (float) random.nextGaussian());
      }
      writer.append("image", side, side, features, colors);
      writer.finish(Progress.NONE);
    }
    return bank;
  }

  @Test
  void theModelDoesNotDependOnTheTasks() throws IOException {
    Path bank = bank();
    Path one = folder.resolve("one.safetensors");
    Path three = folder.resolve("three.safetensors");
    KMeansJob job = new KMeansJob(KMeansJobTest::options);
    KMeansJob.Result result = job.run(OnSpark.session(), bank, one, 1);
    assertEquals(result, job.run(OnSpark.session(), bank, three, 3));
    assertArrayEquals(Files.readAllBytes(one), Files.readAllBytes(three));
    try (FeatureBank open = FeatureBank.open(bank);
        KMeansResult single = KMeans.fit(open.level(Level.HIGH), options(), Progress.NONE)) {
      assertEquals(single.inertia(), result.inertia(), 1e-6 * single.inertia());
    }
    assertTrue(result.passes() > 1 && result.passes() < 100, "passes " + result.passes());
    Exception refusal =
        assertThrows(BadInputException.class, () -> job.run(OnSpark.session(), bank, one, 1));
    assertTrue(refusal.getMessage().startsWith(one + " is there already"), refusal.getMessage());
  }
}
