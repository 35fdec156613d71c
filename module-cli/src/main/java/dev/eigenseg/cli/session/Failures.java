package dev.eigenseg.cli.session;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.DeadlineExceededException;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.SystemReason;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Turns failures into one clear message, a kind and an exit code. */
public final class Failures {
  /** Set to anything, this environment variable adds stack traces to messages. */
  public static final String DEBUG = "EIGENSEG_DEBUG";

  public static final int EXIT_FAILED = 1;

  private Failures() {}

  /** Prints the message and chooses the exit code. */
  public static int report(Throwable failure, PrintStream err) {
    Throwable cause = unwrap(failure);
    err.println("eigenseg: " + message(cause));
    if (System.getenv(DEBUG) != null) {
      cause.printStackTrace(err);
    }
    return cause instanceof CancelledException ? Interrupts.EXIT_INTERRUPTED : EXIT_FAILED;
  }

  /** What kind of failure it was, for {@code --json}: words that do not change. */
  public static String kind(Throwable failure) {
    return switch (unwrap(failure)) {
      case BadInputException e -> "bad-input";
      case CorruptFileException e -> "corrupt-file";
      case IncompatibleException e -> "incompatible";
      case UnavailableException e -> "unavailable";
      case CancelledException e -> "cancelled";
      case DeadlineExceededException e -> "deadline-exceeded";
      case EigensegException e -> "failed";
      case IOException e -> isDiskFull(e) ? "disk-full" : "file";
      case InvalidPathException e -> "file";
      case OutOfMemoryError e -> "memory";
      case LinkageError e -> "library";
      default -> "unexpected";
    };
  }

  /** What happened, in one line where possible. */
  public static String message(Throwable failure) {
    Throwable cause = unwrap(failure);
    return switch (cause) {
      case EigensegException e -> e.getMessage();
      case IOException e -> fileMessage(e);
      case InvalidPathException e ->
          "'"
              + e.getInput()
              + "' cannot be a file's name in this system's character set, "
              + System.getProperty("sun.jnu.encoding")
              + ": set LC_ALL=C.UTF-8, or start with ./eigenseg, which does";
      case OutOfMemoryError e ->
          "not enough memory ("
              + e.getMessage()
              + "): give the JVM more with -Xmx, or use fewer threads or smaller images";
      case LinkageError e ->
          "a library could not be loaded ("
              + e
              + "); start with ./eigenseg, which sets the module path, and see 'eigenseg info'";
      default ->
          "unexpected failure: "
              + cause
              + "; this is a mistake in Eigenseg, "
              + DEBUG
              + "=1 shows where";
    };
  }

  private static String fileMessage(IOException e) {
    if (isDiskFull(e)) {
      String advice =
          "; what was finished before is valid: make room and start the same command again";
      return "the disk is full: "
          + e.getMessage()
          + (String.valueOf(e.getMessage()).contains("make room") ? "" : advice);
    }
    return switch (e) {
      case NoSuchFileException missing -> "no such file or folder: " + missing.getFile();
      case FileAlreadyExistsException existing ->
          "in the way: " + existing.getFile() + " exists already";
      case FileSystemLoopException loop ->
          loop.getFile() + ": a link that leads back to a folder above it; name the folder itself";
      case FileSystemException other when other.getFile() != null ->
          other.getFile() + ": " + SystemReason.of(other);
      default -> SystemReason.of(e);
    };
  }

  // The JDK has no exception type of its own for a full disk, only the system's text; quotas count
  // likewise.
  private static boolean isDiskFull(IOException failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      String text = String.valueOf(t.getMessage()).toLowerCase(Locale.ROOT);
      if (text.contains("no space left")
          || text.contains("disk quota")
          || text.contains("not enough space")) {
        return true;
      }
    }
    return false;
  }

  private static Throwable unwrap(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null
        && (cause instanceof UncheckedIOException
            || cause instanceof CompletionException
            || cause instanceof ExceptionInInitializerError // of what a property names
            || cause instanceof ExecutionException)) {
      cause = cause.getCause();
    }
    return cause;
  }
}
