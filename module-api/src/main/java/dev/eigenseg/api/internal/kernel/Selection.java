package dev.eigenseg.api.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The decision between vectors and the scalar twin, made once by timing both.
 *
 * <p>Until the compiler has seen them, vectors are a thousand times slower than compiled. So the
 * check ends as soon as vectors are ahead, and the scalar twin wins only if it is still ahead when
 * vectors had {@link #PATIENCE} and 50 ms of their own: a busy machine cannot tip the decision.
 */
record Selection(VectorMath math, String text) {
  private static final long PATIENCE = 5_000_000_000L;
  private static final long MEASURED = 50_000_000;
  private static final int FLOATS = 1024;

  /**
   * Calls after which the scalar loop is compiled, so that interpreted vectors do not win against
   * interpreted scalars.
   */
  private static final int SCALAR_WARM_UP = 500;

  static final Selection DECISION = decide(ScalarMath.INSTANCE, SimdMath.INSTANCE, PATIENCE);

  static Selection decide(VectorMath scalar, VectorMath simd, long patience) {
    String width =
        "%d-bit vectors of %d floats"
            .formatted(SimdMath.FLOATS.vectorBitSize(), SimdMath.FLOATS.length());
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(FLOATS * Float.BYTES, 64);
      long bestScalar = Long.MAX_VALUE;
      for (int i = 0; i < SCALAR_WARM_UP; i++) {
        bestScalar = Math.min(bestScalar, time(scalar, memory));
      }
      long bestSimd = Long.MAX_VALUE;
      long measured = 0;
      long start = System.nanoTime();
      while (measured < MEASURED || System.nanoTime() - start < patience) {
        bestScalar = Math.min(bestScalar, time(scalar, memory));
        long simdTime = time(simd, memory);
        bestSimd = Math.min(bestSimd, simdTime);
        measured += simdTime;
        if (bestSimd < bestScalar) {
          return new Selection(simd, "simd: %s, %s".formatted(width, times(bestSimd, bestScalar)));
        }
      }
      return new Selection(
          scalar,
          "scalar: %s are slower here, %s; is the optimising compiler switched off?"
              .formatted(width, times(bestSimd, bestScalar)));
    }
  }

  private static String times(long simd, long scalar) {
    return "dot product of %d floats in %d ns, scalar %d ns".formatted(FLOATS, simd, scalar);
  }

  private static long time(VectorMath math, MemorySegment memory) {
    long start = System.nanoTime();
    float sum = math.dot(memory, 0, memory, 0, FLOATS);
    long elapsed = System.nanoTime() - start;
    if (sum != 0) {
      throw new IllegalStateException("zeros multiply to " + sum);
    }
    return elapsed;
  }
}
