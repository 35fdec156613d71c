package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.ClusteredRows;
import dev.eigenseg.graph.KnnEngines;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.RandomData;
import java.io.IOException;
import java.util.Random;
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
 * The kernel of 5,280 patches with 64 neighbours times a dense matrix, on vectors and as the scalar
 * twin; one thread.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class SpmmBenchmark {
  private static final int ROWS = 5280;

  /** Columns of the dense matrix. */
  @Param({"64", "256", "512"})
  public int clusters;

  private NormalizedAdjacency adjacency;
  private Tensor dense;
  private Tensor half;
  private Tensor out;

  /** For JMH. */
  public SpmmBenchmark() {}

  /** Makes the matrices. */
  @Setup
  public void prepare() throws IOException {
    KnnEngine engine = KnnEngines.select("vector");
    try (Tensor features = ClusteredRows.of(ROWS, 64);
        KnnGraph graph =
            KnnGraph.build(
                engine,
                new KnnEngine.Request(FeatureRows.of(features), 64, 1L << 30, 2),
                Progress.NONE)) {
      adjacency = NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 2);
    }
    dense = RandomData.gaussian(new Random(2), ROWS, clusters);
    half = Tensor.allocate(DType.F16, ROWS, clusters);
    VectorMath.best().f32ToF16(dense.segment(), 0, half.segment(), 0, dense.size());
    out = Tensor.allocate(DType.F32, ROWS, clusters);
  }

  /** Frees them. */
  @TearDown
  public void free() {
    adjacency.close();
    dense.close();
    half.close();
    out.close();
  }

  /** Vectors. */
  @Benchmark
  public Tensor vectors() throws IOException {
    adjacency.multiply(0, ROWS, dense, out, 1);
    return out;
  }

  /** Vectors, the dense matrix in float16. */
  @Benchmark
  public Tensor halves() throws IOException {
    adjacency.multiply(0, ROWS, half, out, 1);
    return out;
  }

  /** The scalar twin. */
  @Benchmark
  public Tensor scalarTwin() throws IOException {
    try (SymmetricRows.Window window = adjacency.matrix().windowHere(0, ROWS)) {
      SparseProduct.with(DType.F32)
          .scalarRows(window, 0, ROWS, dense.segment(), clusters, out.segment());
    }
    return out;
  }
}
