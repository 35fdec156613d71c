package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

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

/** The kernels on vectors and as scalar twins; one thread, times per call. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class KernelBenchmark {
  private static void fill(MemorySegment memory) {
    Random random = new Random(1);
    for (long i = 0; i < memory.byteSize() / Float.BYTES; i++) {
      memory.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
    }
  }

  /** Rows as a feature vector, a hidden layer and a softmax over clusters have them. */
  @State(Scope.Thread)
  public static class Vectors {
    @Param({"simd", "scalar"})
    String kernels;

    @Param({"64", "1152"})
    int n;

    Arena arena;
    VectorMath math;
    MemorySegment x;
    MemorySegment y;
    MemorySegment halves;

    @Setup
    public void allocate() {
      math = kernels.equals("simd") ? VectorMath.simd() : VectorMath.scalar();
      arena = Arena.ofShared();
      x = arena.allocate(4L * n, 64);
      y = arena.allocate(4L * n, 64);
      halves = arena.allocate(2L * n, 64);
      fill(x);
    }

    @TearDown
    public void free() {
      arena.close();
    }
  }

  /** A tile as the graph engine has it. */
  @State(Scope.Thread)
  public static class Product {
    static final int ROWS = 480;

    @Param({"simd", "scalar"})
    String kernels;

    @Param({"64", "384", "1152"})
    int depth;

    Arena arena;
    GemmTile tile;
    MemorySegment a;
    float[] rows;
    MemorySegment columns;
    MemorySegment c;

    @Setup
    public void allocate() {
      tile = kernels.equals("simd") ? SimdTile.forThisProcessor() : new ScalarTile();
      arena = Arena.ofShared();
      a = arena.allocate(4L * ROWS * depth, 64);
      rows = new float[Gemm.packedRowFloats(ROWS, depth)];
      columns = arena.allocate(Gemm.packedColumnBytes(ROWS, depth), 64);
      c = arena.allocate(4L * ROWS * ROWS, 64);
      fill(a);
      Gemm.packRows(a, 0, ROWS, depth, rows);
      Gemm.packColumns(a, 0, ROWS, depth, columns);
    }

    @TearDown
    public void free() {
      arena.close();
    }
  }

  @Benchmark
  public float dot(Vectors v) {
    return v.math.dot(v.x, 0, v.y, 0, v.n);
  }

  @Benchmark
  public void axpy(Vectors v) {
    v.math.axpy(0.5f, v.x, 0, v.y, 0, v.n);
  }

  @Benchmark
  public void softmax(Vectors v) {
    v.math.softmax(v.y, 0, v.n);
  }

  @Benchmark
  public void layerNorm(Vectors v) {
    v.math.layerNorm(v.x, 0, v.x, v.x, v.y, 0, v.n, 1e-5f);
  }

  @Benchmark
  public void gelu(Vectors v) {
    v.math.gelu(v.y, 0, v.n);
  }

  @Benchmark
  public void f16ToF32(Vectors v) {
    v.math.f16ToF32(v.halves, 0, v.y, 0, v.n);
  }

  @Benchmark
  public void f32ToF16(Vectors v) {
    v.math.f32ToF16(v.x, 0, v.halves, 0, v.n);
  }

  @Benchmark
  public void packColumns(Product p) {
    Gemm.packColumns(p.a, 0, Product.ROWS, p.depth, p.columns);
  }

  @Benchmark
  public void multiply(Product p) {
    Gemm.multiply(
        p.tile, p.rows, Product.ROWS, p.columns, Product.ROWS, p.depth, p.c, 0, Product.ROWS);
  }
}
