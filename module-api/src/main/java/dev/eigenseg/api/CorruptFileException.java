package dev.eigenseg.api;

/**
 * A file of ours, or a published format that we read, is truncated, damaged or of an unknown
 * version.
 */
public final class CorruptFileException extends EigensegException {
  private static final long serialVersionUID = 1L;

  /** An error without a cause. */
  public CorruptFileException(String message) {
    super(message);
  }

  /** An error with the failure behind it. */
  public CorruptFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
