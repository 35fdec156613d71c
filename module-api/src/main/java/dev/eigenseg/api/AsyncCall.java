package dev.eigenseg.api;

import dev.eigenseg.api.internal.resource.CallScope;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Calls in other threads, which end when nobody waits for them any more. */
final class AsyncCall {
  private AsyncCall() {}

  /** A call that can be ended. */
  @FunctionalInterface
  interface Work<T> {
    T run(Cancellation cancellation) throws Exception;
  }

  /** Whoever completes the result first, ends the work. */
  static <T> CompletableFuture<T> run(Executor executor, Work<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Cancellation cancellation = new Cancellation();
    var _ = result.whenComplete((value, failure) -> cancellation.cancel());
    long maxPixels = CallScope.current().maxPixels(); // of who asks, wherever the work is done
    executor.execute(() ->
        complete(result, cancellation, end -> CallScope.limited(maxPixels, () -> work.run(end))));
    return result;
  }

  /** Completes a result with what the work gives or throws. */
  private static <T> void complete(
      CompletableFuture<T> result, Cancellation cancellation, Work<T> work) {
    try {
      if (!result.isDone()) {
        result.complete(work.run(cancellation));
      }
    } catch (Throwable e) { // for whoever waits: nobody else hears of it
      result.completeExceptionally(e);
    }
  }
}
