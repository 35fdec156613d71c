package dev.eigenseg.api.internal.resource;

import dev.eigenseg.api.CancelledException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the calls that use a resource, so that closing waits for them. Entering and leaving take
 * one atomic step each and never wait.
 */
public final class InUse {
  private static final long CLOSED = 1L << 62;

  private final String resource;
  private final AtomicLong state = new AtomicLong(); // calls under way, plus CLOSED
  private final CountDownLatch drained = new CountDownLatch(1);

  /** A counter for a resource that is named in errors. */
  public InUse(String resource) {
    this.resource = resource;
  }

  /**
   * Begins a call; {@link #leave} must follow.
   *
   * @throws IllegalStateException if the resource is closed
   */
  public void enter() {
    if (state.getAndIncrement() >= CLOSED) {
      leave();
      throw new IllegalStateException(resource + " is closed");
    }
  }

  /** Ends a call. */
  public void leave() {
    if (state.decrementAndGet() == CLOSED) {
      drained.countDown();
    }
  }

  /**
   * Ends a call that is under way while the resource is being closed: for {@link CallScope#call}.
   *
   * @throws CancelledException if somebody closes the resource
   */
  public void checkOpen() {
    if (state.get() >= CLOSED) {
      throw new CancelledException(
          resource + " was closed while a call ran; nothing is kept of it");
    }
  }

  /**
   * Refuses later calls and waits for those under way.
   *
   * @return whether this was the call that closed
   */
  public boolean close() {
    boolean first = (state.getAndUpdate(s -> s | CLOSED) & CLOSED) == 0;
    if (first && state.get() == CLOSED) {
      drained.countDown();
    }
    awaitUninterruptibly();
    return first;
  }

  // Freed memory under a call that still runs is never right, so an interrupt only waits its turn.
  private void awaitUninterruptibly() {
    boolean interrupted = false;
    while (true) {
      try {
        drained.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
