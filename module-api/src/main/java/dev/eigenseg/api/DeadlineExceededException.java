package dev.eigenseg.api;

/**
 * A call took longer than it was given, see {@link Cancellation#after}. What it held is freed;
 * nothing of its result is kept.
 */
public final class DeadlineExceededException extends EigensegException {
  private static final long serialVersionUID = 1L;

  /** An error without a cause. */
  public DeadlineExceededException(String message) {
    super(message);
  }
}
