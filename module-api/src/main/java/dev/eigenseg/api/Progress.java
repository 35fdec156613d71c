package dev.eigenseg.api;

import java.util.function.BooleanSupplier;

/**
 * Receives the progress of long work and carries the wish to stop back to it. Implementations are
 * thread-safe.
 *
 * <p>Work is reported as tasks: {@code try (Progress.Task task = progress.start("graph", tiles,
 * "tiles"))}.
 */
public interface Progress {
  /** Reports nothing and never cancels. */
  Progress NONE = (name, total, unit) -> Task.NONE;

  /**
   * Reports nothing, and only passes on the wish to stop.
   *
   * @param stop whether the user wants that; asked often, by any thread
   */
  static Progress stoppedBy(BooleanSupplier stop) {
    return new Progress() {
      @Override
      public Task start(String name, long total, String unit) {
        return Task.NONE;
      }

      @Override
      public boolean cancelled() {
        return stop.getAsBoolean();
      }
    };
  }

  /**
   * Starts a task.
   *
   * @param name a short name of the stage, such as {@code "graph"}
   * @param total how many units there are, or -1 if that is unknown
   * @param unit what is counted, in the plural, such as {@code "images"}
   */
  Task start(String name, long total, String unit);

  /** Whether the user wants the work to stop; long work asks at every unit. */
  default boolean cancelled() {
    return false;
  }

  /**
   * Stops the work if the user wants that.
   *
   * @throws CancelledException if {@link #cancelled()}
   */
  default void checkCancelled() {
    if (cancelled()) {
      throw new CancelledException("stopped on request; what was finished before is kept");
    }
  }

  /** One stage of the work; closing it ends the stage. Thread-safe. */
  interface Task extends AutoCloseable {
    /** Reports nothing. */
    Task NONE = amount -> {};

    /** Counts finished units. */
    void advance(long amount);

    @Override
    default void close() {}
  }
}
