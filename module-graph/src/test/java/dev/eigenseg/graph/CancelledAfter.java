package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;
import java.util.concurrent.atomic.AtomicLong;

/** Cancels after some steps of a search and remembers how many were promised. */
final class CancelledAfter implements Progress {
  private final AtomicLong left;
  private long promised;
  private boolean searched;

  CancelledAfter(long steps) {
    left = new AtomicLong(steps);
  }

  @Override
  public Task start(String name, long total, String unit) {
    if (!name.equals("graph")) {
      return Task.NONE;
    }
    promised = total;
    searched = true;
    return amount -> left.addAndGet(-amount);
  }

  @Override
  public boolean cancelled() {
    return left.get() <= 0;
  }

  /** Steps that the search said it would take. */
  long promised() {
    return promised;
  }

  /** Whether it came to searching. */
  boolean searched() {
    return searched;
  }
}
