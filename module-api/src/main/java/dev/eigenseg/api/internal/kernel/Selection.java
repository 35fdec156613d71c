package dev.eigenseg.api.internal.kernel;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.service.Services;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The decision between vectors and the scalar twin: what {@value #PROPERTY} names, which nothing
 * overrules, else made once by timing both.
 *
 * <p>Until the compiler has seen them, vectors are a thousand times slower than compiled. So the
 * check ends as soon as vectors are ahead, and the scalar twin wins only if it is still far ahead
 * when vectors had {@link #PATIENCE} and 50 ms of their own. On a busy machine the compiler may
 * need most of that: 5 s were too few on two processors with four others' work. After {@link #BUSY}
 * the check leaves it the processor, and takes vectors that are at most {@link #FAR} times slower:
 * they are compiled then, if not as well as they could be, as happens on a busy machine, for good
 * (1.25 times was seen), while other kernels, and products above all, are as fast as ever. Where
 * the virtual machine has no vectors they are ten times slower than the twin, without its
 * optimising compiler four times. An interpreter gets the scalar twin unasked. A scalar twin that
 * wins is a warning, since all becomes many times slower.
 */
record Selection(VectorMath math, String text) {
  private static final System.Logger LOGGER = System.getLogger(Selection.class.getName());

  /** Forces {@code scalar} or {@code simd}. */
  static final String PROPERTY = "eigenseg.kernels";

  private static final long PATIENCE = 30_000_000_000L;
  private static final long BUSY = 2_000_000_000L;
  private static final double FAR = 2.5;
  private static final long PAUSE_NANOS = 5_000_000;
  private static final long MEASURED = 50_000_000;
  private static final int FLOATS = 1024;

  /**
   * Calls after which the scalar loop is compiled, so that interpreted vectors do not win against
   * interpreted scalars.
   */
  private static final int SCALAR_WARM_UP = 500;

  static final Selection DECISION =
      Optional.ofNullable(System.getProperty(PROPERTY))
          .map(name -> forced(name, Services.incubatorHint()))
          .orElseGet(() -> automatic(Services.incubatorHint()));

  // Without the Vector API its class could not even be named.
  private static Selection automatic(String missing) {
    if (!missing.isEmpty()) {
      return new Selection(ScalarMath.INSTANCE, "scalar: the Vector API is not there" + missing);
    }
    String machine = System.getProperty("java.vm.info", "");
    return machine.startsWith("interpreted")
        ? scalar(ScalarMath.INSTANCE, "scalar: the virtual machine does not compile, " + machine)
        : decide(ScalarMath.INSTANCE, SimdMath.INSTANCE, PATIENCE, BUSY);
  }

  private static Selection scalar(VectorMath math, String text) {
    LOGGER.log(System.Logger.Level.WARNING, "kernels run without vectors, slowly; {0}", text);
    return new Selection(math, text);
  }

  /**
   * What was named, without a look at its speed.
   *
   * @param missing what to do about a Vector API that is not there, empty if it is
   * @throws UnavailableException if vectors are named and it is not
   */
  static Selection forced(String name, String missing) {
    String how = "%s: forced by -D%s=%s".formatted(name, PROPERTY, name);
    return switch (name) {
      case "scalar" -> new Selection(ScalarMath.INSTANCE, how);
      case "simd" -> {
        if (!missing.isEmpty()) {
          throw new UnavailableException(how + ", but the Vector API is not there" + missing);
        }
        yield new Selection(SimdMath.INSTANCE, how + ", " + width());
      }
      default ->
          throw new BadInputException(
              "-D%s=%s: expected scalar or simd; without it the faster of the two is taken"
                  .formatted(PROPERTY, name));
    };
  }

  private static String width() {
    return String.format(
        Locale.ROOT,
        "%d-bit vectors of %d floats",
        SimdMath.FLOATS.vectorBitSize(),
        SimdMath.FLOATS.length());
  }

  /**
   * Times both.
   *
   * @param patience nanoseconds that vectors have to come near the scalar twin
   * @param busy nanoseconds after which it is enough that they are not far behind
   */
  static Selection decide(VectorMath scalar, VectorMath simd, long patience, long busy) {
    String width = width();
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
        boolean late = System.nanoTime() - start > busy;
        if (bestSimd < (late ? FAR * bestScalar : bestScalar)) {
          return new Selection(simd, "simd: %s, %s".formatted(width, times(bestSimd, bestScalar)));
        }
        if (late) {
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
      return scalar(
          scalar,
          "scalar: %s are slower here, %s; is the optimising compiler switched off?"
              .formatted(width, times(bestSimd, bestScalar)));
    }
  }

  private static String times(long simd, long scalar) {
    return String.format(
        Locale.ROOT, "dot product of %d floats in %d ns, scalar %d ns", FLOATS, simd, scalar);
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
