package dev.eigenseg.train;

import dev.eigenseg.api.Progress;

/**
 * Tells progress on, the tasks named after the part of the work that they belong to.
 *
 * @param part put before the tasks' names, such as {@code "seed 3"}
 */
record StageProgress(Progress progress, String part) implements Progress {
  @Override
  public Task start(String name, long total, String unit) {
    return progress.start(part + ", " + name, total, unit);
  }

  @Override
  public boolean cancelled() {
    return progress.cancelled();
  }

  @Override
  public void checkCancelled() {
    progress.checkCancelled();
  }
}
