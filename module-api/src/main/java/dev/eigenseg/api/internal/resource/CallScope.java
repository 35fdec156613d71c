package dev.eigenseg.api.internal.resource;

import dev.eigenseg.api.CancelledException;
import java.lang.ScopedValue.CallableOp;
import java.util.List;

/**
 * What may end the call that a thread works for, and how large the images are that it reads. Long
 * work asks its scope at short intervals, and leaves with the exception that ends the call, so that
 * whatever it holds is freed on the way out.
 *
 * <p>A scope belongs to the thread that opened it and to the helpers that {@link #in} lets work for
 * it; scopes within scopes end with the outer ones. What ended once stays ended, with one and the
 * same exception in all threads. Thread-safe.
 */
public final class CallScope {
  private static final ScopedValue<CallScope> CURRENT = ScopedValue.newInstance();
  private static final CallScope NONE =
      new CallScope(null, null, List.of(), MaxPixels.ofThisHeap());

  private final CallScope outer;
  private final List<Runnable> endings;
  private final Thread caller;
  private final long maxPixels;
  private volatile RuntimeException ended;

  private CallScope(CallScope outer, Thread caller, List<Runnable> endings, long maxPixels) {
    this.outer = outer;
    this.caller = caller;
    this.endings = List.copyOf(endings);
    this.maxPixels = maxPixels;
  }

  /** The scope that this thread works in; one that never ends where none was opened. */
  public static CallScope current() {
    return CURRENT.orElse(NONE);
  }

  /**
   * Works in a scope that an interrupt of this thread ends, and other things do.
   *
   * @param endings each throws once its reason to end is there; called often, by any thread
   * @throws CancelledException if the thread is interrupted, whose flag is kept; also what endings
   *     throw. If there is a reason at the beginning already, nothing is done
   */
  public static <T, X extends Throwable> T call(
      List<Runnable> endings, CallableOp<? extends T, X> work) throws X {
    return call(endings, current().maxPixels, work);
  }

  /** Works in a scope in which no larger images are read; an interrupt ends it. */
  public static <T, X extends Throwable> T limited(long maxPixels, CallableOp<? extends T, X> work)
      throws X {
    return call(List.of(), maxPixels, work);
  }

  private static <T, X extends Throwable> T call(
      List<Runnable> endings, long maxPixels, CallableOp<? extends T, X> work) throws X {
    CallScope scope = new CallScope(current(), Thread.currentThread(), endings, maxPixels);
    scope.check();
    return scope.in(work);
  }

  /** The most pixels of an image that is read. */
  public long maxPixels() {
    return maxPixels;
  }

  /** Works in this scope: for threads that help with its call. */
  public <T, X extends Throwable> T in(CallableOp<? extends T, X> work) throws X {
    return isNone() ? work.call() : ScopedValue.where(CURRENT, this).call(work);
  }

  /** Leaves if the call is to end; takes some nanoseconds if it is not. */
  public void check() {
    if (isNone()) {
      return;
    }
    if (ended == null) {
      try {
        outer.check();
        if (caller.isInterrupted()) {
          throw new CancelledException("the thread that called was interrupted; nothing is kept");
        }
        endings.forEach(Runnable::run);
        return;
      } catch (RuntimeException e) {
        end(e);
      }
    }
    throw ended;
  }

  private boolean isNone() {
    return outer == null;
  }

  private synchronized void end(RuntimeException reason) {
    if (ended == null) {
      ended = reason;
    }
  }
}
