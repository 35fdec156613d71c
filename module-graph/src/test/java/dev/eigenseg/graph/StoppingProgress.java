package dev.eigenseg.graph;

import dev.eigenseg.api.Progress;

/** A user who wants the work to stop. */
public final class StoppingProgress implements Progress {
  /** Wants that from the beginning. */
  public StoppingProgress() {}

  @Override
  public Task start(String name, long total, String unit) {
    return Task.NONE;
  }

  @Override
  public boolean cancelled() {
    return true;
  }
}
