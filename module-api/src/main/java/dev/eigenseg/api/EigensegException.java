package dev.eigenseg.api;

/**
 * The root of Eigenseg's unchecked errors. A message says what was found, what was expected, where,
 * and what to do. Failures of the file system itself stay {@link java.io.IOException}s.
 */
public class EigensegException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error without a cause. */
  public EigensegException(String message) {
    super(message);
  }

  /** An error with the failure behind it. */
  public EigensegException(String message, Throwable cause) {
    super(message, cause);
  }
}
