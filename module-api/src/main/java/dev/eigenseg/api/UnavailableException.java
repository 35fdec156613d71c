package dev.eigenseg.api;

/** Something the user asked for by name is not available here: a device, an engine, a provider. */
public final class UnavailableException extends EigensegException {
  private static final long serialVersionUID = 1L;

  /** An error without a cause. */
  public UnavailableException(String message) {
    super(message);
  }

  /** An error with the failure behind it. */
  public UnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
