package dev.eigenseg.cli.session;

import dev.eigenseg.api.Progress;

/** Says nothing, but can be stopped. */
record QuietProgress(Cancellation cancellation) implements Progress {
  @Override
  public Task start(String name, long total, String unit) {
    return Task.NONE;
  }

  @Override
  public boolean cancelled() {
    return cancellation.requested();
  }
}
