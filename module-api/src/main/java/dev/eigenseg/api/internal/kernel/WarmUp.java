package dev.eigenseg.api.internal.kernel;

import dev.eigenseg.api.internal.resource.CallScope;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * Has the kernels compiled on next to nothing, in a thread of its own, while files are mapped,
 * weights packed and images decoded. Until they are compiled, a multiply-add on vectors takes a
 * thousand times longer: a first image of ViT-S would spend some 10 s in the interpreter.
 *
 * <p>Kernels are called without a pause until they are fast. Whoever only looks from time to time
 * whether they are, or has the compiler asked sooner, gets kernels whose inner loops were never
 * profiled, two to six times slower, and for good.
 */
public final class WarmUp {
  /** The deeper of the products: even and odd depths in turn, as with {@link #FLOATS}. */
  private static final int DEPTH = 17;

  /**
   * Rows as long as real ones, with a tail that fills no vector and without one in turn: a branch
   * that was always or never taken is compiled as if it always would be, and the first other row
   * throws the kernel away.
   */
  private static final int FLOATS = 389;

  private static final int WHOLE_FLOATS = 384;

  /**
   * A vector takes at most half of it in a compiled kernel, and in the simplest one at least three
   * times as long where each of its steps is a call and its result lies on the heap.
   */
  private static final long VECTOR_NANOS = 30;

  private static final long COMPILED_NANOS =
      200 + VECTOR_NANOS * (FLOATS / SimdMath.FLOATS.length());

  private static final int BATCH = 50;
  private static final long PAUSE_NANOS = 1_000_000;
  private static final long PATIENCE_NANOS = 3_000_000_000L;

  /**
   * As long as a kernel is plainly interpreted, no real work is worth starting: on a busy machine
   * the compiler may not have had its turn, and an image would take minutes.
   */
  private static final long INTERPRETED_PATIENCE_NANOS = 30_000_000_000L;

  private static final long INTERPRETED_NANOS = 20 * COMPILED_NANOS;

  private static final Object LOCK = new Object();
  private static Thread worker; // guarded by LOCK
  private static volatile boolean done;

  private WarmUp() {}

  /** Begins, once in a process, and returns at once. The Vector API must be there. */
  public static void start() {
    if (System.getProperty(Selection.PROPERTY) != null) {
      VectorMath.best(); // takes no time then, and a wrong name fails here
    }
    synchronized (LOCK) {
      if (worker == null) {
        worker = Thread.ofPlatform().daemon().name("eigenseg-warm-up").unstarted(WarmUp::run);
        worker.start();
      }
    }
  }

  /**
   * Returns when the compiler has done its work: at the latest after 3 s, or after 30 s where
   * kernels are still interpreted then. Ends before that if the call that it is made in is ended.
   */
  public static void await() {
    if (!done) {
      start();
      Thread running;
      synchronized (LOCK) {
        running = worker;
      }
      CallScope scope = CallScope.current();
      while (!done && running.isAlive()) {
        scope.check();
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private static void run() {
    VectorMath math = VectorMath.best();
    if (!(math instanceof SimdMath)) {
      done = true;
      return;
    }
    try (Arena arena = Arena.ofShared()) {
      int rows = Gemm.rowPanel();
      int columns = Gemm.columnPanel();
      MemorySegment b = arena.allocate(Gemm.packedColumnBytes(columns, DEPTH), 64);
      MemorySegment c = arena.allocate((long) rows * columns * Float.BYTES, 64);
      MemorySegment x = arena.allocate((long) FLOATS * Float.BYTES, 64);
      MemorySegment y = arena.allocate((long) FLOATS * Float.BYTES, 64);
      float[] a = new float[Gemm.packedRowFloats(rows, DEPTH)];
      float[] packed = new float[Gemm.packedRowFloats(1, FLOATS)];
      List<IntConsumer> slow =
          new ArrayList<>(
              List.of(
                  n -> Gemm.multiply(a, rows, b, columns, DEPTH - 1 + (n & 1), c, 0, columns),
                  n -> math.layerNorm(x, 0, y, y, x, 0, n, 1e-6f),
                  n -> math.softmax(x, 0, n),
                  n -> math.gelu(x, 0, n),
                  n -> math.axpy(1, y, 0, x, 0, n),
                  n -> Gemm.packRows(x, 0, 1, n, packed)));
      long start = System.nanoTime();
      while (!slow.isEmpty()) {
        slow.removeIf(kernel -> !isWorthWaiting(fastest(kernel), System.nanoTime() - start));
      }
    } finally {
      done = true;
    }
  }

  static boolean isWorthWaiting(long kernelNanos, long waitedNanos) {
    return kernelNanos > COMPILED_NANOS
        && waitedNanos
            < (kernelNanos > INTERPRETED_NANOS ? INTERPRETED_PATIENCE_NANOS : PATIENCE_NANOS);
  }

  private static long fastest(IntConsumer kernel) {
    long fastest = Long.MAX_VALUE;
    for (int call = 0; call < BATCH; call++) {
      long start = System.nanoTime();
      kernel.accept((call & 1) == 0 ? FLOATS : WHOLE_FLOATS);
      fastest = Math.min(fastest, System.nanoTime() - start);
    }
    return fastest;
  }
}
