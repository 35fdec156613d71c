package dev.eigenseg.api;

/** The user asked a long job to stop. Everything that was finished before is valid. */
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
