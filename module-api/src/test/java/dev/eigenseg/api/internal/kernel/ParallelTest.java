package dev.eigenseg.api.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ParallelTest {
  @Test
  void everyNumberIsTakenOnce() {
    for (int threads = 1; threads < 5; threads++) {
      AtomicIntegerArray taken = new AtomicIntegerArray(1000);
      Parallel.forEach(threads, 1000, i -> taken.incrementAndGet((int) i));
      for (int i = 0; i < 1000; i++) {
        assertEquals(1, taken.get(i));
      }
    }
  }

  @Test
  void oneExceptionOfSeveralPiecesIsThrownAsItIs() {
    CyclicBarrier together = new CyclicBarrier(3);
    IllegalStateException shared = new IllegalStateException("shared");
    assertSame(
        shared,
        assertThrows(
            IllegalStateException.class,
            () -> Parallel.forEach(3, 3, i -> failTogether(together, shared))));
    assertEquals(0, shared.getSuppressed().length);
  }

  private static void failTogether(CyclicBarrier together, RuntimeException failure) {
    try {
      together.await();
    } catch (InterruptedException | BrokenBarrierException e) {
      throw new AssertionError(e);
    }
    throw failure;
  }

  @Test
  void aFailureSkipsWhatHasNotBegun() {
    AtomicLong begun = new AtomicLong();
    assertThrows(
        IllegalArgumentException.class,
        () ->
            Parallel.forEach(
                1,
                100,
                i -> {
                  begun.incrementAndGet();
                  if (i == 3) {
                    throw new IllegalArgumentException();
                  }
                }));
    assertEquals(4, begun.get());
  }
}
