package dev.eigenseg.infer.crf;

import dev.eigenseg.api.CrfOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
 * The dense CRF on one square image with the published parameters, 10 iterations, the lattices
 * included. The image's statistics decide how many vertices there are, so their number is printed:
 * this picture has 183,924, a CamVid photograph reduced to 320 x 320 about 190,000.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class CrfBenchmark {
  /** Pixels of a side. */
  @Param("320")
  public int size;

  /** K. */
  @Param("27")
  public int classes;

  /** Worker threads. */
  @Param({"1", "2"})
  public int threads;

  private int[] rgb;
  private Arena arena;
  private MemorySegment unaries;
  private MemorySegment q;

  /** For JMH. */
  public CrfBenchmark() {}

  /** A picture like a photograph and unaries of noise. */
  @Setup
  public void prepare() {
    Random random = new Random(1);
    rgb = CrfCases.photograph(random, size, size);
    arena = Arena.ofShared();
    unaries = CrfCases.unaries(CrfCases.probabilities(random, rgb.length, classes, 1), arena);
    q = arena.allocate(unaries.byteSize(), 64);
    System.out.printf(
        "%d vertices of both lattices%n",
        new DenseCrf(size, rgb, CrfOptions.DEFAULT, threads).vertices());
  }

  /** Frees everything. */
  @TearDown
  public void free() {
    arena.close();
  }

  /** Lattices and mean field. */
  @Benchmark
  public MemorySegment refine() {
    new DenseCrf(size, rgb, CrfOptions.DEFAULT, threads).infer(unaries, q, classes, threads);
    return q;
  }

  /** The lattices alone. */
  @Benchmark
  public DenseCrf lattices() {
    return new DenseCrf(size, rgb, CrfOptions.DEFAULT, threads);
  }
}
