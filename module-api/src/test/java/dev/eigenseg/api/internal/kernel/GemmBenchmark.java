package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
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
 * Our product against OpenBLAS's on the shapes of ViT-S/16 at 480 x 480 and on 2048^3; weights are
 * packed beforehand, rows within the measurement. {@code -Deigenseg.openblas=FILE} names the
 * library; without OPENBLAS_CORETYPE in the environment it chooses its kernel itself, and the setup
 * prints which.
 */
@SuppressWarnings("restricted") // the other library is native
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class GemmBenchmark {
  private static final int TILE = 96;

  /** Rows, columns and depth. */
  @Param({"900x1152x384", "900x384x384", "900x1536x384", "900x384x1536", "2048x2048x2048"})
  public String shape;

  /** Threads of both. */
  @Param({"1", "2"})
  public int threads;

  private Arena arena;
  private MethodHandle sgemm;
  private int rows;
  private int columns;
  private int depth;
  private MemorySegment a;
  private MemorySegment b;
  private MemorySegment c;
  private MemorySegment packedB;

  /** For JMH. */
  public GemmBenchmark() {}

  /** Random matrices, and the library. */
  @Setup
  public void prepare() throws Throwable {
    String[] sizes = shape.split("x");
    rows = Integer.parseInt(sizes[0]);
    columns = Integer.parseInt(sizes[1]);
    depth = Integer.parseInt(sizes[2]);
    arena = Arena.ofShared();
    a = random(rows);
    b = random(columns);
    c = arena.allocate(4L * rows * columns, 64);
    packedB = arena.allocate(Gemm.packedColumnBytes(columns, depth), 64);
    Gemm.packColumns(b, 0, columns, depth, packedB);
    bind(System.getProperty("eigenseg.openblas", "libopenblas.so.0"));
  }

  private MemorySegment random(int count) {
    Random random = new Random(1);
    MemorySegment memory = arena.allocate(4L * count * depth, 64);
    for (long i = 0; i < (long) count * depth; i++) {
      memory.setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
    }
    return memory;
  }

  private void bind(String library) throws Throwable {
    Linker linker = Linker.nativeLinker();
    SymbolLookup symbols = SymbolLookup.libraryLookup(library, arena);
    linker
        .downcallHandle(
            symbols.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(JAVA_INT))
        .invoke(threads);
    MemorySegment core =
        (MemorySegment)
            linker
                .downcallHandle(
                    symbols.findOrThrow("openblas_get_corename"), FunctionDescriptor.of(ADDRESS))
                .invoke();
    System.out.println("OpenBLAS kernel: " + core.reinterpret(64).getString(0));
    sgemm =
        linker.downcallHandle(
            symbols.findOrThrow("cblas_sgemm"),
            FunctionDescriptor.ofVoid(
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_FLOAT,
                ADDRESS,
                JAVA_INT,
                ADDRESS,
                JAVA_INT,
                JAVA_FLOAT,
                ADDRESS,
                JAVA_INT));
  }

  /** Frees everything. */
  @TearDown
  public void free() {
    arena.close();
  }

  /** Ours, in tiles of rows as the network takes them. */
  @Benchmark
  public void eigenseg() {
    Parallel.forEach(
        threads,
        (rows + TILE - 1) / TILE,
        tile -> {
          int first = (int) tile * TILE;
          int count = Math.min(TILE, rows - first);
          try (Arena scratch = Arena.ofConfined()) {
            MemorySegment panels = scratch.allocate(Gemm.packedRowBytes(count, depth), 64);
            Gemm.packRows(a, 4L * first * depth, count, depth, panels);
            long to = 4L * first * columns;
            Gemm.multiply(panels, count, packedB, columns, depth, c, to, columns);
          }
        });
  }

  /** Theirs: row-major, the second operand transposed. */
  @Benchmark
  public void openblas() throws Throwable {
    sgemm.invokeExact(101, 111, 112, rows, columns, depth, 1f, a, depth, b, depth, 0f, c, columns);
  }
}
