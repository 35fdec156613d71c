package dev.eigenseg.api.internal.file;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.EigensegException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What went wrong with one image among many, told from what went wrong with the work itself. */
public final class ImageFailure {
  private ImageFailure() {}

  /**
   * Whether memory ran out. It may have been another image's share: alone, this one may fit.
   * Decoders wrap the error in exceptions of their own.
   */
  public static boolean isMemory(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof OutOfMemoryError) {
        return true;
      }
    }
    return false;
  }

  /**
   * The failure as one of the image's.
   *
   * @param image that was read or looked at
   * @return an exception that names the image and the true reason
   * @throws EigensegException if it was none of the image's: the work was cancelled, or a library
   *     or another file is not there
   * @throws Error likewise
   */
  public static BadInputException of(Path image, Throwable failure) {
    BadInputException found = found(image, failure);
    return found == failure && Files.exists(image) && !Files.isReadable(image)
        ? new BadInputException(
            image + ": permission denied; allow this user to read it, or leave it out", found)
        : found;
  }

  /**
   * The same for an image in memory, whose own failures name no file.
   *
   * @param image what it is called
   */
  public static BadInputException of(String image, Throwable failure) {
    BadInputException found = found(image, failure);
    return found == failure
        ? new BadInputException(image + ": " + found.getMessage(), found)
        : found;
  }

  /** The failure itself, if it is one of an image's. */
  private static BadInputException found(Object image, Throwable failure) {
    if (isMemory(failure)) {
      return new BadInputException(
          image
              + ": not enough memory for this image; give the JVM more with -Xmx, such as"
              + " EIGENSEG_JAVA_OPTS=-Xmx4g, work with fewer threads, or save the image smaller",
          failure);
    }
    return switch (failure) {
      case BadInputException e -> e;
      case EigensegException e -> throw e;
      case StackOverflowError e -> unexpected(image, e);
      case RuntimeException e -> unexpected(image, e);
      case Error e -> throw e;
      default -> unexpected(image, failure);
    };
  }

  private static BadInputException unexpected(Object image, Throwable failure) {
    return new BadInputException(
        "%s: unexpected failure: %s; save the image again as an RGB PNG or JPEG, or leave it out"
            .formatted(image, failure),
        failure);
  }
}
