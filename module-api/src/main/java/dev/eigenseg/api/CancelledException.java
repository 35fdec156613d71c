package dev.eigenseg.api;

/**
 * Somebody asked for an end: a {@link Progress} or a {@link Cancellation} was cancelled, the thread
 * of a call was interrupted (its flag stays set), or what it worked with was closed. Jobs keep what
 * they finished before; a call such as {@link Segmenter#segment} frees what it held.
 */
public final class CancelledException extends EigensegException {
  private static final long serialVersionUID = 1L;

  /** An error without a cause. */
  public CancelledException(String message) {
    super(message);
  }

  /** An error with the failure behind it. */
  public CancelledException(String message, Throwable cause) {
    super(message, cause);
  }
}
