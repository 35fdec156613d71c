package dev.eigenseg.graph.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.graph.TestSeed;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GraphPlanTest {
  private static final long GIB = 1L << 30;

  private static PlannedGraph graph(long rows, KnnIndex index) {
    return new PlannedGraph(rows, 384, DType.F16, 64, index, 64 * GIB);
  }

  private static Machines machines(int count, int cores, int parts) {
    return new Machines(count, cores, parts, 500e6, 1e9, Machines.SPREAD, Machines.FAILURES);
  }

  // Processor seconds, user and system, of 'eigenseg graph --threads 1 --neighbors 64' with banks
  // of
  // clustered float16 rows of 384 channels, two busy cores of an AMD Zen 4: docs/scale.md. The
  // coefficients were fitted to two sizes of each kind, 30,000 and 120,000, 60,000 and 250,000.
  @ParameterizedTest
  @CsvSource({
    "EXACT, 30000, 12.85",
    "EXACT, 60000, 24.29",
    "EXACT, 60000, 24.63",
    "EXACT, 120000, 66.26",
    "EXACT, 250000, 247.65",
    "IVF, 60000, 14.19",
    "IVF, 120000, 18.51",
    "IVF, 250000, 32.01",
    "IVF, 1000000, 103.29"
  })
  void measuredRunsAreWithinAQuarter(KnnIndex.Kind kind, long rows, double measured) {
    double planned = CostModel.DEFAULT.seconds(graph(rows, KnnIndex.of(kind)));
    assertEquals(1, planned / measured, 0.25, planned + " s planned");
  }

  // The mean of runs of the simulation, whose own error is below two hundredths.
  @ParameterizedTest
  @CsvSource({
    "1, 1, 0.15, 0",
    "1, 7, 0.15, 0",
    "10, 10, 0.15, 0.001",
    "10, 20, 0.15, 0.001",
    "10, 12, 0.15, 0.001",
    "10, 35, 0.15, 0.01",
    "10, 100, 0, 0",
    "100, 100, 0.3, 0.001",
    "100, 200, 0.15, 0.01",
    "100, 1000, 0.3, 0.02",
    "100, 350, 0.05, 0"
  })
  void theSimulationEndsWhenPlanned(int count, int parts, double spread, double failures) {
    long seed = TestSeed.next();
    Machines machines = new Machines(count, 16, parts, 500e6, 1e9, spread, failures);
    double[] seconds =
        GraphPlan.parts(graph(20_000_000, KnnIndex.EXACT), machines, CostModel.DEFAULT).stream()
            .mapToDouble(part -> part.seconds(machines))
            .toArray();
    double planned = GraphPlan.search(seconds, machines);
    double sum = 0;
    int runs = 200;
    Random seeds = new Random(seed);
    for (int run = 0; run < runs; run++) {
      sum += new ClusterSimulation(machines, seeds.nextLong()).run(seconds);
    }
    double ratio = planned / (sum / runs);
    assertEquals(1, ratio, 0.15, "planned over simulated, seed " + seed);
  }

  @Test
  void aFailureCostsThePartThatWasComputed() {
    Machines frail = new Machines(1, 1, 1, 1e9, 1e9, 0, 1);
    long seed = TestSeed.next();
    Random seeds = new Random(seed);
    double hours = 0;
    int failures = 0;
    int runs = 20_000;
    for (int run = 0; run < runs; run++) {
      ClusterSimulation simulation = new ClusterSimulation(frail, seeds.nextLong());
      hours += simulation.run(new double[] {3600}) / 3600;
      failures += simulation.failures();
    }
    // An hour without a failure, of which there is one an hour, comes after e - 1 hours.
    assertEquals(Math.E - 1, hours / runs, 0.06, "seed " + seed);
    assertEquals(Math.E - 1, (double) failures / runs, 0.06, "seed " + seed);
    assertEquals(3600, frail.withFailures(3600), "one machine goes on where it was");
    Machines two = new Machines(2, 1, 1, 1e9, 1e9, 0, 1);
    assertEquals(3600 * (Math.E - 1), two.withFailures(3600), 1e-6);
  }

  @Test
  void oneMachineNeedsNoPartsAndNoNetwork() {
    GraphPlan plan =
        GraphPlan.of(graph(250_000, KnnIndex.EXACT), machines(1, 2, 1), CostModel.DEFAULT);
    assertEquals(250_000L * 384 * 2, plan.bankBytes());
    assertEquals(250_000L * 64 * 8, plan.graphBytes());
    assertEquals(0, plan.partBytes());
    assertEquals(0, plan.networkBytes());
    assertEquals(0, plan.mergeSeconds());
    assertTrue(plan.seconds() < plan.processorSeconds());
    assertTrue(plan.seconds() > plan.processorSeconds() / 2);
  }

  // Part i of n holds lists of all rows behind the share 1 - sqrt(1 - (i - 1) / n).
  @Test
  void partsHoldTheListsBehindTheirRows() {
    GraphPlan plan =
        GraphPlan.of(graph(1_000_000, KnnIndex.EXACT), machines(2, 8, 4), CostModel.DEFAULT);
    double shares = 1 + Math.sqrt(0.75) + Math.sqrt(0.5) + Math.sqrt(0.25);
    assertEquals(1, plan.partBytes() / (shares * plan.graphBytes()), 1e-5);
    assertTrue(plan.networkBytes() > 4.0 * plan.bankBytes() + 3 * plan.partBytes());
  }

  @Test
  void workGrowsAsPairsDoAndApproximateWorkDoesNot() {
    double exact =
        CostModel.DEFAULT.seconds(graph(100_000_000, KnnIndex.EXACT))
            / CostModel.DEFAULT.seconds(graph(10_000_000, KnnIndex.EXACT));
    assertEquals(100, exact, 1);
    KnnIndex ivf = KnnIndex.of(KnnIndex.Kind.IVF);
    double approximate =
        CostModel.DEFAULT.seconds(graph(100_000_000, ivf))
            / CostModel.DEFAULT.seconds(graph(10_000_000, ivf));
    assertTrue(approximate > 10 && approximate < 20, "ten times the rows: " + approximate);
  }

  @Test
  void partsOfAnApproximateSearchShareItsListsAndHaveAllRows() {
    PlannedGraph graph = graph(10_000_000, KnnIndex.of(KnnIndex.Kind.IVF));
    GraphPlan one = GraphPlan.of(graph, machines(1, 8, 1), CostModel.DEFAULT);
    GraphPlan four = GraphPlan.of(graph, machines(2, 8, 4), CostModel.DEFAULT);
    assertEquals(graph.bankBytes(), one.listsBytes());
    assertEquals(4.0 * graph.graphBytes(), four.partBytes());
    double more =
        3 * CostModel.DEFAULT.start() + 4.0 * graph.rows() * 64 * CostModel.DEFAULT.merged();
    assertEquals(one.processorSeconds() + more, four.processorSeconds(), 1e-6 * more);
    PlannedGraph little =
        new PlannedGraph(
            1_000_000_000, 384, DType.F16, 64, KnnIndex.of(KnnIndex.Kind.IVF), 2 * GIB);
    assertThrows(
        BadInputException.class,
        () -> GraphPlan.of(little, machines(10, 16, 20), CostModel.DEFAULT));
  }

  @Test
  void measuredRunsScaleTheModel() {
    PlannedGraph graph = graph(1_000_000, KnnIndex.EXACT);
    double once = CostModel.DEFAULT.seconds(graph.withRows(60_000));
    double factor = CostModel.DEFAULT.factor(graph, Map.of(60_000L, 2 * once));
    assertEquals(2, factor, 1e-12);
    CostModel slower = CostModel.DEFAULT.times(factor);
    assertEquals(2 * CostModel.DEFAULT.seconds(graph), slower.seconds(graph), 1e-6);
  }

  @Test
  void whatCannotBeSearchedIsRefused() {
    KnnIndex exact = KnnIndex.EXACT;
    assertThrows(IllegalArgumentException.class, () -> graph(1L << 32, exact));
    assertThrows(IllegalArgumentException.class, () -> graph(64, exact));
    assertThrows(
        IllegalArgumentException.class, () -> graph(1000, KnnIndex.of(KnnIndex.Kind.HNSW)));
    assertThrows(
        IllegalArgumentException.class,
        () -> graph(1000, KnnIndex.of(KnnIndex.Kind.IVF).withRecall(0.9)));
    // The norms of a thousand million rows alone take 4 bytes each.
    PlannedGraph large = new PlannedGraph(1_000_000_000, 384, DType.F16, 64, exact, 2 * GIB);
    BadInputException memory =
        assertThrows(
            BadInputException.class,
            () -> GraphPlan.of(large, machines(10, 16, 20), CostModel.DEFAULT));
    assertTrue(memory.getMessage().contains("1,000,000,000 rows"), memory.getMessage());
  }
}
