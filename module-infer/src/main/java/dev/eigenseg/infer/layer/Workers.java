package dev.eigenseg.infer.layer;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.resource.CallScope;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Runs independent pieces of work on a few threads, each with scratch memory of its own. */
public final class Workers {
  private Workers() {}

  /** One piece of work, in memory that no other thread uses meanwhile. */
  @FunctionalInterface
  public interface Work<S> {
    /** Does piece {@code index}. */
    void run(int index, S scratch);
  }

  /**
   * Runs {@code work} for every number below {@code pieces}; which thread takes which is left open,
   * so results must not depend on it.
   *
   * @param scratch makes a thread's memory, in an arena that is freed when this returns
   */
  public static <S> void run(int threads, int pieces, Function<Arena, S> scratch, Work<S> work) {
    AtomicInteger next = new AtomicInteger();
    Parallel.forEach(
        threads,
        Math.min(threads, pieces),
        worker -> {
          try (Arena arena = Arena.ofShared()) {
            S own = scratch.apply(arena);
            CallScope scope = CallScope.current();
            for (int i = next.getAndIncrement(); i < pieces; i = next.getAndIncrement()) {
              scope.check();
              work.run(i, own);
            }
          }
        });
  }

  /** The number of tiles of {@link Scratch#TILE} tokens. */
  public static int tiles(int tokens) {
    return Math.ceilDiv(tokens, Scratch.TILE);
  }
}
