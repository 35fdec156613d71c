package dev.eigenseg.cli.session;

import java.util.concurrent.CountDownLatch;

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

  /** Waits until {@link #commandEnded()}. */
  void awaitEnd() {
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
