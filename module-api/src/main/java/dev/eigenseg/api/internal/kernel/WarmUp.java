package dev.eigenseg.api.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;

/**
 * Has the kernels compiled on next to nothing. Until they are, a multiply-add on vectors takes a
 * thousand times longer: a first image of ViT-S would spend some 10 s in the interpreter.
 */
public final class WarmUp {
  private static final int DEPTH = 16;

  /** Rows as long as real ones, with a tail: loops compiled for others are thrown away later. */
  private static final int FLOATS = 389;

  /** All of it takes a millisecond interpreted and some microseconds compiled. */
  private static final long COMPILED_NANOS = 20_000;

  /** Calls after which the optimising compiler has been asked for every kernel. */
  private static final int ASKED = 1_500;

  private static final int CALLS = 20;
  private static final long PAUSE_NANOS = 5_000_000;
  private static final long PATIENCE_NANOS = 3_000_000_000L;

  private WarmUp() {}

  /** Returns when the compiler has done its work, at the latest after a few seconds. */
  public static void run() {
    VectorMath math = VectorMath.best();
    try (Arena arena = Arena.ofShared()) {
      int rows = Gemm.rowPanel();
      int columns = Gemm.columnPanel();
      MemorySegment a = arena.allocate(Gemm.packedRowBytes(rows, DEPTH), 64);
      MemorySegment b = arena.allocate(Gemm.packedColumnBytes(columns, DEPTH), 64);
      MemorySegment c = arena.allocate((long) rows * columns * Float.BYTES, 64);
      MemorySegment x = arena.allocate((long) FLOATS * Float.BYTES, 64);
      MemorySegment y = arena.allocate((long) FLOATS * Float.BYTES, 64);
      float[] packed = new float[Gemm.packedRowFloats(1, FLOATS)];
      long start = System.nanoTime();
      long fastest = Long.MAX_VALUE;
      for (int calls = 0;
          fastest > COMPILED_NANOS && System.nanoTime() - start < PATIENCE_NANOS;
          calls++) {
        long before = System.nanoTime();
        Gemm.multiply(a, rows, b, columns, DEPTH, c, 0, columns);
        Gemm.packRows(x, 0, 1, FLOATS, packed);
        elementary(math, x, y);
        fastest = Math.min(fastest, System.nanoTime() - before);
        if (calls >= ASKED && calls % CALLS == 0) {
          // The compiler needs the processor, and interpreted vectors are garbage on the heap.
          LockSupport.parkNanos(PAUSE_NANOS);
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
