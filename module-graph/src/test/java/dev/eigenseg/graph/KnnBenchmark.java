package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.Workspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The exact graph by its number of neighbours, beside the products alone, which it cannot be faster
 * than, and the adjacency made from it. One thread, 384 channels; 5,280 rows are a batch of 8
 * CamVid images.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 2)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class KnnBenchmark {
  private static final int DIM = 384;
  private static final int TILE = 480;

  /** Rows. */
  @Param({"5280", "14400"})
  public int rows;

  /** Neighbours. */
  @Param({"16", "64", "256"})
  public int k;

  private Tensor features;
  private KnnEngine engine;
  private KnnGraph graph;
  private Arena arena;
  private MemorySegment rowPanels;
  private MemorySegment columnPanels;
  private MemorySegment scores;

  /** For JMH. */
  public KnnBenchmark() {}

  /** Makes rows and one graph. */
  @Setup
  public void prepare() throws IOException {
    features = ClusteredRows.of(rows, DIM);
    engine = KnnEngines.select("vector");
    graph = build();
    arena = Arena.ofShared();
    rowPanels = arena.allocate(Gemm.packedRowBytes(TILE, DIM), 64);
    columnPanels = arena.allocate(Gemm.packedColumnBytes(TILE, DIM), 64);
    scores = arena.allocate((long) TILE * TILE * Float.BYTES, 64);
    Gemm.packRows(features.segment(), 0, TILE, DIM, rowPanels);
    Gemm.packColumns(features.segment(), 0, TILE, DIM, columnPanels);
  }

  /** Frees them. */
  @TearDown
  public void free() {
    graph.close();
    features.close();
    arena.close();
  }

  private KnnGraph build() throws IOException {
    return KnnGraph.build(
        engine, new KnnEngine.Request(FeatureRows.of(features), k, 1L << 30, 1), Progress.NONE);
  }

  /** The whole search. */
  @Benchmark
  public float graph() throws IOException {
    try (KnnGraph built = build()) {
      return built.similarities().get(0);
    }
  }

  /** The products of the tiles on and above the diagonal, without anything else. */
  @Benchmark
  public MemorySegment productsAlone() {
    int blocks = (rows + TILE - 1) / TILE;
    for (int tile = 0; tile < blocks * (blocks + 1) / 2; tile++) {
      Gemm.multiply(rowPanels, TILE, columnPanels, TILE, DIM, scores, 0, TILE);
    }
    return scores;
  }

  /** The normalised adjacency of the graph. */
  @Benchmark
  public long adjacency() throws IOException {
    try (NormalizedAdjacency adjacency =
        NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 1)) {
      return adjacency.entries();
    }
  }
}
