package dev.eigenseg.api;

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
