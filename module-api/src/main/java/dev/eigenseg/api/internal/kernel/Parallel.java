package dev.eigenseg.api.internal.kernel;

import dev.eigenseg.api.internal.resource.CallScope;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;

/** Runs independent pieces of work on a few threads that live for one call. */
public final class Parallel {
  private Parallel() {}

  /**
   * Runs {@code body} for every number below {@code tasks}; which thread takes which number is left
   * open, so results must not depend on it. Returns when all have ended. All threads work in the
   * caller's {@link CallScope}, which is asked before each piece; longer ones ask it themselves.
   *
   * @throws RuntimeException the first failure; the pieces not yet begun are skipped, later
   *     failures are suppressed
   */
  public static void forEach(int threads, long tasks, LongConsumer body) {
    AtomicLong next = new AtomicLong();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    CallScope scope = CallScope.current();
    Runnable worker =
        () -> {
          try {
            for (long i = next.getAndIncrement();
                i < tasks && failure.get() == null;
                i = next.getAndIncrement()) {
              scope.check();
              body.accept(i);
            }
          } catch (RuntimeException | Error e) {
            keep(failure, e);
          }
        };
    runJoined(threads, tasks, worker, scope, failure);
    switch (failure.get()) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  /** Runs the worker here and in helpers, and leaves when all that were started have ended. */
  private static void runJoined(
      int threads,
      long tasks,
      Runnable worker,
      CallScope scope,
      AtomicReference<Throwable> failure) {
    Runnable helping = () -> scope.in(() -> run(worker));
    List<Thread> helpers = new ArrayList<>();
    try {
      for (int i = 1; i < Math.min(threads, tasks); i++) {
        Thread helper =
            Thread.ofPlatform().daemon().name("eigenseg-worker-" + i).unstarted(helping);
        helpers.add(helper);
        helper.start();
      }
      worker.run();
    } catch (RuntimeException | Error e) {
      // A thread that cannot be started: the helpers that run already see it and stop.
      keep(failure, e);
    } finally {
      for (Thread helper : helpers) {
        joinUninterruptibly(helper);
      }
    }
  }

  private static Void run(Runnable work) {
    work.run();
    return null;
  }

  private static void keep(AtomicReference<Throwable> failure, Throwable e) {
    // Several pieces may meet the very same exception, which cannot suppress itself.
    if (!failure.compareAndSet(null, e) && !e.equals(failure.get())) {
      failure.get().addSuppressed(e);
    }
  }

  /**
   * Waits for a thread that reads or writes memory which the caller frees afterwards: leaving
   * before it ends is never safe. An interrupt is kept for later.
   */
  public static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
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
