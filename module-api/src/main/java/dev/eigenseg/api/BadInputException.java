package dev.eigenseg.api;

/**
 * An input of the user cannot be used: an unreadable image, labels of another size, more clusters
 * than patches.
 */
public final class BadInputException extends EigensegException {
  private static final long serialVersionUID = 1L;

  /** An error without a cause. */
  public BadInputException(String message) {
    super(message);
  }

  /** An error with the failure behind it. */
  public BadInputException(String message, Throwable cause) {
    super(message, cause);
  }
}
