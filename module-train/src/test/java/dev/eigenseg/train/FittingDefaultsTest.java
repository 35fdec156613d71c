package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.train.TrainingOptions.Run;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a bank of small images is trained with. */
class FittingDefaultsTest {
  @TempDir Path folder;

  private FeatureBank bank(int images) throws IOException {
    return TestBanks.write(folder.resolve("bank" + images), images, 1);
  }

  @Test
  void fewImagesGetEnoughUpdates() throws IOException {
    for (int images : new int[] {1, 3, 8, 40}) {
      try (FeatureBank bank = bank(images)) {
        TrainingOptions options = FittingDefaults.of(bank, 4, OptionalInt.empty()).options();
        int batch = options.schedule().batchSize();
        assertEquals(Math.min(16, images), batch);
        assertTrue(options.schedule().epochs() * (images / batch) >= 200, options.toString());
        assertEquals(0, options.network().projection(), "16 channels");
        assertTrue(options.network().scaleInputs());
      }
    }
  }

  @Test
  void epochsFollowTheUsersBatches() throws IOException {
    try (FeatureBank bank = bank(40)) {
      FittingDefaults fitting = FittingDefaults.of(bank, 4, OptionalInt.of(2));
      assertEquals(2, fitting.options().schedule().batchSize());
      assertEquals(10, fitting.options().schedule().epochs());
      assertFalse(fitting.reasons().containsKey("batch-size"));
    }
  }

  @Test
  void theLineLeavesOutWhatTheUserChose() throws IOException {
    try (FeatureBank bank = bank(8)) {
      FittingDefaults fitting = FittingDefaults.of(bank, 4, OptionalInt.empty());
      String line = fitting.line(Set.of("epochs", "neighbors"));
      assertEquals(
          "no projection: features have only 16 channels; scaled inputs: deviations of the levels"
              + " differ %.1f times; batches of 8: an image has about 21 patches",
          line.replaceFirst("differ [0-9.]+ times", "differ %.1f times"));
      assertTrue(fitting.line(Set.of()).contains("200 epochs: 8 images make 1 updates an epoch"));
    }
  }

  @Test
  void aSmallCollectionIsSaidToBeSmall() throws IOException {
    try (FeatureBank bank = bank(8)) {
      String caution = FittingDefaults.caution(bank, 64).orElseThrow();
      assertTrue(caution.contains("small for 64 clusters"), caution);
      assertTrue(caution.contains("--clusters 5"), caution); // 170 patches / 30
      assertTrue(FittingDefaults.caution(bank, 5).isEmpty());
    }
  }

  @Test
  void theModeFollowsAugmentationAndMemory() throws IOException {
    try (FeatureBank bank = bank(8)) {
      FittingDefaults fitting = FittingDefaults.of(bank, 4, OptionalInt.empty());
      assertEquals(TrainingMode.CROSS_BATCH, mode(fitting.withMode(bank, o -> o, false)));
      FittingDefaults augmented = fitting.withMode(bank, o -> o, true);
      assertEquals(TrainingMode.IN_BATCH, mode(augmented));
      assertFalse(augmented.reasons().containsKey("neighbors"), "those of the bank's graph");

      TrainingMemory enough = TrainingMemory.plan(bank, fitting.options());
      long least = enough.total() - enough.kernel() + TrainingMemory.SMALLEST_KERNEL;
      assertEquals(TrainingMode.CROSS_BATCH, mode(within(bank, fitting, least)));
      FittingDefaults inBatch = within(bank, fitting, least - 1);
      assertEquals(TrainingMode.IN_BATCH, mode(inBatch));
      assertTrue(
          inBatch.line(Set.of()).startsWith("mode in-batch: the memory"), inBatch.toString());

      long tooLittle = 1 << 20;
      FittingDefaults refused = within(bank, fitting, tooLittle);
      assertEquals(TrainingMode.CROSS_BATCH, mode(refused));
      assertThrows(
          BadInputException.class,
          () -> TrainingMemory.plan(bank, limited(refused.options(), tooLittle)));
    }
  }

  private static TrainingMode mode(FittingDefaults fitting) {
    return fitting.options().kernel().mode();
  }

  private static FittingDefaults within(FeatureBank bank, FittingDefaults fitting, long bytes) {
    return fitting.withMode(bank, options -> limited(options, bytes), false);
  }

  private static TrainingOptions limited(TrainingOptions options, long bytes) {
    Run run = options.run();
    return options.with(new Run(run.seed(), run.threads(), OptionalLong.of(bytes), run.device()));
  }
}
