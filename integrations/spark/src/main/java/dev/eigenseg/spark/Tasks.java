package dev.eigenseg.spark;

import dev.eigenseg.api.Progress;
import org.apache.spark.TaskContext;

/** What a task of Spark's is told by Spark. */
final class Tasks {
  private Tasks() {}

  /** The processors of this task; 1 outside of one. */
  static int threads() {
    TaskContext context = TaskContext.get();
    return context == null ? 1 : context.cpus();
  }

  /** Ends the work of this task, if it is one, when Spark kills it; reports nothing. */
  static Progress progress() {
    TaskContext context = TaskContext.get();
    return Progress.stoppedBy(() -> context != null && context.isInterrupted());
  }
}
