package dev.eigenseg.api.internal.file;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why the system refused a file, in words: some of Java's exceptions name the file alone. */
public final class SystemReason {
  private SystemReason() {}

  /** The reason, without the file's name where the exception tells both. */
  public static String of(Exception failure) {
    return switch (failure) {
      case AccessDeniedException e -> "permission denied";
      case NoSuchFileException e -> "no such file or folder";
      case NotDirectoryException e -> "not a folder";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      case IOException e when e.getCause() instanceof IOException cause && e.getMessage() == null ->
          of(cause);
      default ->
          failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    };
  }
}
