package dev.eigenseg.cli.session;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The user's wish to stop, and the news that the running command has ended. Thread-safe. */
public final class Cancellation {
  private volatile boolean requested;
  private final CountDownLatch ended = new CountDownLatch(1);

  /** Asks the running command to stop. */
  public void request() {
    requested = true;
  }

  /** Whether somebody asked. */
  boolean requested() {
    return requested;
  }

  /** Says that the command has cleaned up behind itself. */
  public void commandEnded() {
    ended.countDown();
  }

  /**
   * Waits until {@link #commandEnded()}, but not for ever.
   *
   * @return whether it has ended
   */
  boolean awaitEnd(Duration most) {
    try {
      return ended.await(most.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
