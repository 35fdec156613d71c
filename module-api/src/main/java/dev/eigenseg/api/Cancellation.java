package dev.eigenseg.api;

import dev.eigenseg.api.internal.resource.CallScope;
import java.lang.ScopedValue.CallableOp;
import java.time.Duration;
import java.util.List;

/**
 * Ends calls from outside: by {@link #cancel}, or when the time is up that they were given. One
 * cancellation may be passed to any number of calls and ends all of them. Thread-safe.
 *
 * <pre>{@code
 * Cancellation tenSeconds = Cancellation.after(Duration.ofSeconds(10));
 * Segmentation segments = segmenter.segment(image, SegmentOptions.DEFAULT, tenSeconds);
 * }</pre>
 *
 * <p>A call that is cancelled returns by its exception, usually within some milliseconds, from
 * inside products, windows, refinement and the decoding of images too; all its threads have ended
 * then and its memory is freed. Only a backbone's native code (TorchScript) and the JDK's
 * conversion of colour profiles run to their own ends first. An interrupt of the thread that called
 * does the same, without any cancellation being passed.
 */
public final class Cancellation {
  /** Never cancelled: for calls that end by themselves. */
  public static final Cancellation NONE = new Cancellation();

  private static final long LONGEST_NANOS = Long.MAX_VALUE / 2; // nanoTime counts in a circle

  private final Duration limit;
  private final long begin = System.nanoTime();
  private final long limitNanos;
  private volatile boolean cancelled;

  /** A cancellation without a deadline. */
  public Cancellation() {
    this(Duration.ZERO, LONGEST_NANOS);
  }

  private Cancellation(Duration limit, long limitNanos) {
    this.limit = limit;
    this.limitNanos = limitNanos;
  }

  /**
   * A cancellation whose calls end with a {@link DeadlineExceededException} some time from now, if
   * nobody cancels them before.
   *
   * @param time counted from here on; none or less is over at once
   */
  public static Cancellation after(Duration time) {
    boolean endless = time.compareTo(Duration.ofNanos(LONGEST_NANOS)) > 0;
    long nanos = time.isNegative() ? 0 : endless ? LONGEST_NANOS : time.toNanos();
    return new Cancellation(time, nanos);
  }

  /**
   * Ends all calls that this was passed to, and those that it will be passed to; returns at once.
   *
   * @throws UnsupportedOperationException if this is {@link #NONE}, which everybody shares
   */
  public void cancel() {
    if (equals(NONE)) {
      throw new UnsupportedOperationException(
          "Cancellation.NONE is everybody's; pass a new Cancellation() to the call instead");
    }
    cancelled = true;
  }

  /** Whether calls end: it was cancelled, or the time is up. */
  public boolean isCancelled() {
    return cancelled || isLate();
  }

  private boolean isLate() {
    return limitNanos < LONGEST_NANOS && System.nanoTime() - begin >= limitNanos;
  }

  /**
   * Ends the work that asks, if it is to end.
   *
   * @throws CancelledException if {@link #cancel} was called
   * @throws DeadlineExceededException if it was not, and the time is up
   */
  public void check() {
    if (cancelled) {
      throw new CancelledException("cancelled on request; nothing is kept of this call");
    }
    if (isLate()) {
      throw new DeadlineExceededException(
          "not done within %d ms; nothing is kept of this call; give it more time or more threads, or a smaller image"
              .formatted(limit.toMillis()));
    }
  }

  /**
   * Does some work in this thread, and ends every call that it makes of this library when this is
   * cancelled or the thread is interrupted: {@link Images#read}, {@link Backbone#extract}, {@link
   * Segmenter#segment} and its siblings, whatever they are passed themselves.
   *
   * @param work whose other code goes on until it asks {@link #check} or {@link #checkCall}
   * @return what the work returns
   * @throws X what it throws
   * @throws CancelledException if the work, or a call in it, was ended by {@link #cancel} or an
   *     interrupt
   * @throws DeadlineExceededException if it was ended because the time was up
   */
  public <T, X extends Throwable> T call(CallableOp<? extends T, X> work) throws X {
    return CallScope.call(List.of(this::check), work);
  }

  /**
   * For backbones of other providers: ends the call that this thread works for, if it is to end. To
   * be asked every few milliseconds of work, in the thread in which {@link Backbone#extract} was
   * called; resources are to be freed when it throws. Does nothing outside of calls.
   *
   * @throws CancelledException if the call was cancelled or interrupted, or its segmenter is being
   *     closed
   * @throws DeadlineExceededException if its time is up
   */
  public static void checkCall() {
    CallScope.current().check();
  }
}
