package dev.eigenseg.api.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Has the kernels compiled on next to nothing. Until they are, a multiply-add on vectors takes a
 * thousand times longer: a first image of ViT-S would spend some 10 s in the interpreter.
 */
public final class WarmUp {
  private static final int DEPTH = 16;
  private static final int FLOATS = 64;

  /** A tile of this depth takes about 100 microseconds interpreted and 0.1 compiled. */
  private static final long COMPILED_NANOS = 3_000;

  private static final int CALLS = 50;
  private static final long PATIENCE_NANOS = 3_000_000_000L;

  private WarmUp() {}

  /** Returns when the compiler has done its work, at the latest after a few seconds. */
  public static void run() {
    VectorMath math = VectorMath.best();
    try (Arena arena = Arena.ofConfined()) {
      int rows = Gemm.rowPanel();
      int columns = Gemm.columnPanel();
      MemorySegment a = arena.allocate(Gemm.packedRowBytes(rows, DEPTH), 64);
      MemorySegment b = arena.allocate(Gemm.packedColumnBytes(columns, DEPTH), 64);
      MemorySegment c = arena.allocate((long) rows * columns * Float.BYTES, 64);
      MemorySegment x = arena.allocate((long) FLOATS * Float.BYTES, 64);
      MemorySegment y = arena.allocate((long) FLOATS * Float.BYTES, 64);
      long start = System.nanoTime();
      long fastest = Long.MAX_VALUE;
      while (fastest > COMPILED_NANOS && System.nanoTime() - start < PATIENCE_NANOS) {
        for (int i = 0; i < CALLS; i++) {
          long before = System.nanoTime();
          Gemm.multiply(a, rows, b, columns, DEPTH, c, 0, columns);
          elementary(math, x, y);
          fastest = Math.min(fastest, System.nanoTime() - before);
        }
      }
    }
  }

  private static void elementary(VectorMath math, MemorySegment x, MemorySegment y) {
    math.layerNorm(x, 0, y, y, x, 0, FLOATS, 1e-6f);
    math.softmax(x, 0, FLOATS);
    math.gelu(x, 0, FLOATS);
    math.axpy(1, y, 0, x, 0, FLOATS);
  }
}
