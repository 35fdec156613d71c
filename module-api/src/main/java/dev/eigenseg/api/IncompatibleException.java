package dev.eigenseg.api;

/**
 * Two things that are each valid do not belong together: a model and a backbone, a bank and other
 * settings.
 */
public final class IncompatibleException extends EigensegException {
  private static final long serialVersionUID = 1L;

  /** An error without a cause. */
  public IncompatibleException(String message) {
    super(message);
  }

  /** An error with the failure behind it. */
  public IncompatibleException(String message, Throwable cause) {
    super(message, cause);
  }
}
