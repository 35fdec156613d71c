package dev.eigenseg.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.train.TrainingOptions.Network;
import dev.eigenseg.train.TrainingOptions.Run;
import dev.eigenseg.train.TrainingOptions.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small likeness of {@code eigenseg bench large-training}. */
class BoundedTrainingTest {
  private static final String GOOD = "within its memory";

  @TempDir private Path folder;

  @Test
  void aSmallHeapIsEnoughAndTheMemoryIsKept() throws Exception {
    SyntheticCollection.write(folder.resolve("bank"), 50_000, 16);
    String output =
        ForkedJvm.run(
            folder,
            List.of("-Xmx48m", "-Dai.djl.pytorch.num_threads=1"),
            Main.class,
            folder.toString());
    assertTrue(output.contains(GOOD), output);
  }

  /** Trains in as little memory as is allowed. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) throws IOException {
      Path folder = Path.of(arguments[0]);
      TrainingOptions options =
          TrainingOptions.of(64)
              .with(Network.DEFAULT.withProjection(64))
              .with(Schedule.DEFAULT.withEpochs(1).withBatchSize(5))
              .with(Run.DEFAULT.withThreads(2));
      try (FeatureBank bank = FeatureBank.open(folder.resolve("bank"));
          KnnGraph graph = KnnGraph.open(folder.resolve("bank").resolve("graph.knn"))) {
        TrainingMemory plan = TrainingMemory.plan(bank, options);
        long least = plan.total() - plan.kernel() + TrainingMemory.SMALLEST_KERNEL;
        TrainingResult result =
            Trainer.train(
                bank,
                Optional.of(graph),
                options.with(options.run().withMemory(least)),
                folder.resolve("model"),
                TrainingListener.NONE,
                Progress.NONE);
        long peak = peakBytes();
        System.out.printf(
            "%d updates, %d MiB allowed, %d at the peak%n",
            result.steps(), least >> 20, peak >> 20);
        if (result.steps() == 10 && peak <= least) {
          System.out.println(GOOD);
        }
      }
    }

    /** The peak of the resident set, or 0 where the system does not tell. */
    private static long peakBytes() throws IOException {
      Path status = Path.of("/proc/self/status");
      if (!Files.exists(status)) {
        return 0;
      }
      String line =
          Files.readAllLines(status).stream()
              .filter(text -> text.startsWith("VmHWM:"))
              .findFirst()
              .orElseThrow();
      return Long.parseLong(line.replaceAll("\\D", "")) << 10;
    }
  }
}
