package dev.eigenseg.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.ExtractOptions;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.graph.BankGraph;
import dev.eigenseg.graph.GraphOptions;
import dev.eigenseg.graph.GraphPart;
import dev.eigenseg.graph.KnnGraphInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GraphJobTest {
  private static final long MEMORY = 64L << 20;
  private static final int NEIGHBORS = 7;
  private static final AtomicInteger DYING = new AtomicInteger();

  @TempDir static Path folder;

  private static Path bank;
  private static byte[] ofOneMachine;

  private final Path file = folder.resolve("graph.knn");
  private final Path work = folder.resolve(".graph.knn.spark");

  @BeforeAll
  static void write() throws IOException {
    Path images = OnSpark.scenes(folder.resolve("scenes"), 6);
    bank = OnSpark.bank(folder.resolve("bank"), OnSpark.files(images), ExtractOptions.DEFAULT);
    Path single = folder.resolve("single.knn");
    try (FeatureBank open = FeatureBank.open(bank)) {
      new BankGraph(open, mortal())
          .build(GraphPart.WHOLE, single, false, BankGraph.Listener.NONE, Progress.NONE);
    }
    ofOneMachine = Files.readAllBytes(single);
  }

  private static GraphOptions mortal() {
    if (TaskContext.get() != null && DYING.getAndDecrement() > 0) {
      throw new IllegalStateException("killed by a test");
    }
    return GraphOptions.DEFAULT.withNeighbors(NEIGHBORS).withMemory(MEMORY);
  }

  private void build(int parts) throws IOException {
    new GraphJob(GraphJobTest::mortal, parts).run(OnSpark.session(), bank, file);
  }

  private void requireGraph() throws IOException {
    assertArrayEquals(ofOneMachine, Files.readAllBytes(file));
    assertFalse(Files.exists(work));
    Files.delete(file);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 9})
  void theGraphIsThatOfOneMachineWhateverTheParts(int parts) throws IOException {
    DYING.set(0);
    build(parts);
    requireGraph();
  }

  private static GraphOptions approximate() {
    return mortal().withIndex(KnnIndex.of(KnnIndex.Kind.IVF).withRecall(0.9));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void anApproximateGraphIsThatOfOneMachineToo(int parts) throws IOException {
    DYING.set(0);
    Path single = folder.resolve("approximate.knn");
    try (FeatureBank open = FeatureBank.open(bank)) {
      new BankGraph(open, approximate())
          .build(GraphPart.WHOLE, single, true, BankGraph.Listener.NONE, Progress.NONE);
    }
    DYING.set(parts == 2 ? 2 : 0); // dead tasks are repeated
    new GraphJob(GraphJobTest::approximate, parts).run(OnSpark.session(), bank, file);
    assertArrayEquals(Files.readAllBytes(single), Files.readAllBytes(file));
    assertFalse(Files.exists(work));
    assertTrue(KnnGraphInfo.read(file).recall().orElseThrow().fraction() > 0.8);
    Files.delete(file);
  }

  @Test
  void deadTasksAreRepeated() throws IOException {
    DYING.set(2);
    build(5);
    requireGraph();
  }

  @Test
  void aFailedJobGoesOnWithWhatIsThere() throws IOException {
    DYING.set(100);
    assertThrows(SparkException.class, () -> build(3));
    assertFalse(Files.exists(file));
    DYING.set(0);
    Exception refusal = assertThrows(IncompatibleException.class, () -> build(4));
    assertEquals(
        "an unfinished job for %s is in %s, but its parts is 3, not 4; start it again as it was, or delete that folder"
            .formatted(file, work),
        refusal.getMessage());
    build(3);
    requireGraph();
  }

  @Test
  void aGraphThatIsThereStays() throws IOException {
    DYING.set(0);
    build(2);
    build(3);
    requireGraph();
    Path small = folder.resolve("small.knn");
    new GraphJob(() -> GraphOptions.DEFAULT.withNeighbors(NEIGHBORS - 1).withMemory(MEMORY), 2)
        .run(OnSpark.session(), bank, small);
    Exception refusal =
        assertThrows(
            IncompatibleException.class,
            () -> new GraphJob(GraphJobTest::mortal, 2).run(OnSpark.session(), bank, small));
    assertTrue(refusal.getMessage().startsWith(small + " has 6 neighbours"), refusal.getMessage());
  }

  @Test
  void refusesToDoNothing() {
    assertThrows(BadInputException.class, () -> new GraphJob(GraphJobTest::mortal, 0));
  }
}
