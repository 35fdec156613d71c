package dev.eigenseg.api.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WarmUpTest {
  // Nanoseconds for 389 floats, whatever the length of vectors.
  private static final long SLOW = 10_000;
  private static final long INTERPRETED = 1_000_000;

  @Test
  void nobodyWaitsForACompiledKernel() {
    assertFalse(WarmUp.isWorthWaiting(100, 0));
    assertFalse(WarmUp.isWorthWaiting(200, TimeUnit.MINUTES.toNanos(1)));
  }

  @Test
  void aSlowMachineIsNotTakenForAnInterpreter() {
    assertTrue(WarmUp.isWorthWaiting(SLOW, TimeUnit.SECONDS.toNanos(2)));
    assertFalse(WarmUp.isWorthWaiting(SLOW, TimeUnit.SECONDS.toNanos(4)));
  }

  @Test
  void anInterpretedKernelIsWaitedForLongerButNotForEver() {
    assertTrue(WarmUp.isWorthWaiting(INTERPRETED, TimeUnit.SECONDS.toNanos(4)));
    assertFalse(WarmUp.isWorthWaiting(INTERPRETED, TimeUnit.SECONDS.toNanos(31)));
  }

  @Test
  void itEndsAndMayBeAskedForAgain() {
    WarmUp.start();
    WarmUp.start();
    WarmUp.await();
    WarmUp.await();
  }
}
