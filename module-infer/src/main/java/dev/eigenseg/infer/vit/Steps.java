package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.CallScope;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs steps of equally many tiles, each step after the one before, on threads that live for all
 * steps: starting and joining threads for each would cost about 0.1 ms a step.
 *
 * <p>Pieces are handed out in order, so whoever waits for a step waits for pieces that others have
 * begun: nobody waits for ever, however few of the threads could be started.
 */
final class Steps {
  private static final int SPINS = 2000;
  private static final long PAUSE_NANOS = 20_000;

  private Steps() {}

  /** A piece of work. */
  interface Body {
    void run(int step, int tile);
  }

  /** Runs {@code body} for every step and tile; the first failure ends all. */
  static void run(int threads, int steps, int tiles, Body body) {
    AtomicIntegerArray done = new AtomicIntegerArray(steps);
    AtomicBoolean failed = new AtomicBoolean();
    Parallel.forEach(
        threads,
        (long) steps * tiles,
        piece -> {
          int step = (int) (piece / tiles);
          if (step > 0 && !await(done, step - 1, tiles, failed)) {
            return;
          }
          try {
            body.run(step, (int) (piece % tiles));
          } catch (RuntimeException | Error e) {
            failed.set(true);
            throw e;
          }
          done.getAndIncrement(step);
        });
  }

  /** Whether the step ended well. */
  private static boolean await(AtomicIntegerArray done, int step, int tiles, AtomicBoolean failed) {
    CallScope scope = CallScope.current();
    for (int spins = 0; done.get(step) < tiles; spins++) {
      if (failed.get()) {
        return false;
      }
      scope.check(); // whoever ended before its piece never says that it failed
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
    return true;
  }
}
