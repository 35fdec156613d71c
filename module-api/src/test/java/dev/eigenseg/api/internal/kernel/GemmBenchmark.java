package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
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
 * {@code C = A B^T} as whole products, packing included: ours against OpenBLAS, which is called
 * through the foreign function interface. The shapes of ViT-S are those of 900 tokens.
 *
 * <p>The environment variables {@code OPENBLAS_CORETYPE} and {@code OPENBLAS_L2_SIZE} must not be
 * set: they choose slower kernels than the library itself would.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class GemmBenchmark {
  /** Whose product: ours, ours with B packed beforehand as a network's weights are, OpenBLAS's. */
  @Param({"vector", "vector-packed", "openblas"})
  public String engine;

  /** Rows of A, depth, rows of B. */
  @Param({"2048x2048x2048", "900x384x1536", "900x1536x384", "900x384x1152", "900x384x384"})
  public String shape;

  /** Where OpenBLAS is, in Debian's usual place by default. */
  @Param("/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0")
  public String library;

  /** Threads. */
  @Param("2")
  public int threads;

  private Tensor a;
  private Tensor b;
  private Tensor c;
  private int rows;
  private int depth;
  private int columns;
  private Arena arena;
  private MemorySegment panels;
  private OpenBlas blas;
  private final Queue<float[]> idle = new ConcurrentLinkedQueue<>();

  /** For JMH. */
  public GemmBenchmark() {}

  /** Random matrices; OpenBLAS's product must be ours but for rounding. */
  @Setup
  public void prepare() {
    int[] sizes = Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
    rows = sizes[0];
    depth = sizes[1];
    columns = sizes[2];
    a = random(rows, 1);
    b = random(columns, 2);
    c = Tensor.allocate(DType.F32, rows, columns);
    arena = Arena.ofShared();
    if (engine.equals("vector-packed")) {
      panels = arena.allocate(Gemm.packedColumnBytes(columns, depth), 64);
      Gemm.packColumns(b.segment(), 0, columns, depth, panels);
    } else if (engine.equals("openblas")) {
      blas = OpenBlas.open(Path.of(library), threads, arena);
      System.err.println("OpenBLAS: " + blas.kernels() + " of " + library);
    }
    product();
    checkLastElement();
  }

  private Tensor random(int count, long seed) {
    Random random = new Random(seed);
    Tensor tensor = Tensor.allocate(DType.F32, count, depth);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.set(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  private void checkLastElement() {
    double expected = 0;
    for (int k = 0; k < depth; k++) {
      expected += (double) a.get(a.size() - depth + k) * b.get(b.size() - depth + k);
    }
    double found = c.get(c.size() - 1);
    if (!(Math.abs(found - expected) < 1e-4 * depth)) {
      throw new IllegalStateException("found " + found + ", expected " + expected);
    }
  }

  /** Frees everything. */
  @TearDown
  public void free() {
    a.close();
    b.close();
    c.close();
    arena.close();
  }

  /** One product. */
  @Benchmark
  public Tensor product() {
    switch (engine) {
      case "vector" -> Gemm.multiply(a, b, c, threads);
      case "vector-packed" -> multiplyPacked();
      default -> blas.multiply(a.segment(), b.segment(), c.segment(), rows, columns, depth);
    }
    return c;
  }

  /**
   * A task packs and multiplies some rows, as a layer of a network does, in memory that is kept.
   */
  private void multiplyPacked() {
    int tile = Gemm.taskRows(rows, threads);
    Parallel.forEach(
        threads,
        (rows + tile - 1) / tile,
        task -> {
          int first = Math.toIntExact(task * tile);
          int count = Math.min(tile, rows - first);
          float[] packed = idle.poll();
          if (packed == null) {
            packed = new float[Gemm.packedRowFloats(tile, depth)];
          }
          Gemm.packRows(a.segment(), 4L * first * depth, count, depth, packed);
          Gemm.multiply(
              packed, count, panels, columns, depth, c.segment(), 4L * first * columns, columns);
          idle.add(packed);
        });
  }

  /** {@code cblas_sgemm} with 32-bit integers, or with 64-bit ones as NumPy ships it. */
  @SuppressWarnings("restricted") // a benchmark may call native code
  private record OpenBlas(MethodHandle sgemm, String kernels) {
    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANSPOSE = 111;
    private static final int TRANSPOSE = 112;

    static OpenBlas open(Path library, int threads, Arena arena) {
      SymbolLookup symbols = SymbolLookup.libraryLookup(library, arena);
      boolean wide = symbols.find("cblas_sgemm").isEmpty();
      String prefix = wide ? "scipy_" : "";
      String suffix = wide ? "64_" : "";
      ValueLayout size = wide ? JAVA_LONG : JAVA_INT;
      Linker linker = Linker.nativeLinker();
      try {
        linker
            .downcallHandle(
                symbols.findOrThrow(prefix + "openblas_set_num_threads" + suffix),
                FunctionDescriptor.ofVoid(JAVA_INT))
            .invokeExact(threads);
        String kernels = text(symbols, prefix + "openblas_get_corename" + suffix);
        String[] version = text(symbols, prefix + "openblas_get_config" + suffix).split(" ", 3);
        MethodHandle sgemm =
            linker.downcallHandle(
                symbols.findOrThrow(prefix + "cblas_sgemm" + suffix),
                FunctionDescriptor.ofVoid(
                    JAVA_INT,
                    JAVA_INT,
                    JAVA_INT,
                    size,
                    size,
                    size,
                    JAVA_FLOAT,
                    ADDRESS,
                    size,
                    ADDRESS,
                    size,
                    JAVA_FLOAT,
                    ADDRESS,
                    size));
        return new OpenBlas(
            MethodHandles.explicitCastArguments(sgemm, withLongSizes(sgemm.type())),
            "%s, %s %s".formatted(kernels, version[0], version[1]));
      } catch (Throwable e) {
        throw new IllegalStateException("cannot use " + library, e);
      }
    }

    private static String text(SymbolLookup symbols, String function) throws Throwable {
      MemorySegment text =
          (MemorySegment)
              Linker.nativeLinker()
                  .downcallHandle(symbols.findOrThrow(function), FunctionDescriptor.of(ADDRESS))
                  .invokeExact();
      return text.reinterpret(512).getString(0);
    }

    private static MethodType withLongSizes(MethodType type) {
      for (int i : new int[] {3, 4, 5, 8, 10, 13}) {
        type = type.changeParameterType(i, long.class);
      }
      return type;
    }

    void multiply(
        MemorySegment a, MemorySegment b, MemorySegment c, long rows, long columns, long depth) {
      try {
        sgemm.invokeExact(
            ROW_MAJOR,
            NO_TRANSPOSE,
            TRANSPOSE,
            rows,
            columns,
            depth,
            1f,
            a,
            depth,
            b,
            depth,
            0f,
            c,
            columns);
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
