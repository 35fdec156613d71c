package dev.eigenseg.api.internal.file;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Files that appear whole or not at all: written under a temporary name in the same folder, forced
 * to disk, renamed.
 *
 * <p>After a failure (a full disk, an interrupt, an error of the writer) the target is what it was
 * before and the temporary file is gone; but a folder that cannot be forced to disk is known only
 * when the target is the new one. Only the death of the process leaves a temporary file behind; its
 * name begins with a dot and ends in {@code .tmp}.
 */
public final class AtomicFile {
  private AtomicFile() {}

  /**
   * Replaces a file. Where the target is a link, the file that it leads to is replaced.
   *
   * @param target the file; its folder must exist
   * @param body writes the content through a channel that can also be read and mapped; it must not
   *     close the channel
   * @throws BadInputException if the target is something that a file must not replace: a device, a
   *     pipe, a folder, a link to nothing
   * @throws IOException if writing fails; the message names the target
   */
  public static void write(Path target, IoConsumer<FileChannel> body) throws IOException {
    requireReplaceable(target);
    Path absolute = resolved(target);
    Path temporary = temporaryName(absolute);
    try {
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        body.accept(channel);
        channel.force(true);
      }
      publish(temporary, absolute);
    } catch (IOException | UncheckedIOException e) {
      IOException failure =
          new IOException("writing " + target + " failed: " + reason(e, temporary), e);
      deleteAfter(failure, temporary);
      throw failure;
    } catch (RuntimeException | Error e) {
      deleteAfter(e, temporary);
      throw e;
    }
  }

  /**
   * Gives a finished file its name, in place of another that may have it, or of a link.
   *
   * @param temporary a file whose content is on disk, in the target's folder
   * @throws BadInputException as {@link #write}
   */
  public static void publish(Path temporary, Path target) throws IOException {
    requireReplaceable(target);
    Files.move(
        temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    forceFolder(target.toAbsolutePath().getParent());
  }

  /**
   * Replaces a file by a text in UTF-8. A target that is a device or a pipe stays what it is and
   * gets the text.
   */
  public static void writeString(Path target, String text) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
    if (isStream(target)) {
      try (FileChannel channel = FileChannel.open(target, StandardOpenOption.WRITE)) {
        ChannelWrites.all(channel, bytes);
      }
    } else {
      write(target, channel -> ChannelWrites.all(channel, bytes));
    }
  }

  /** Whether something is there that is written to and never replaced: a device, a pipe. */
  public static boolean isStream(Path target) {
    return Files.exists(target) && !Files.isRegularFile(target) && !Files.isDirectory(target);
  }

  /**
   * Refuses what a finished file must not take the place of, before the work that makes it.
   *
   * @throws BadInputException if the target is there and no regular file
   */
  public static void requireReplaceable(Path target) {
    if (Files.isRegularFile(target) || !Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    String what =
        Files.isDirectory(target)
            ? "it is a folder; name a file"
            : Files.exists(target)
                ? "it is a device or a pipe, and only a file can be replaced; name a file"
                : "it is a link to nothing; delete the link or make what it leads to";
    throw new BadInputException("cannot write " + target + ": " + what);
  }

  private static Path resolved(Path target) throws IOException {
    return Files.isSymbolicLink(target) ? target.toRealPath() : target.toAbsolutePath();
  }

  /** A free hidden name beside a target, for what is to take its place. */
  public static Path temporaryName(Path target) {
    // Not Files.createTempFile: that one makes files only their owner can read.
    long random = ThreadLocalRandom.current().nextLong();
    // Not with the target's own name in it, which may be as long as the file system allows.
    return target.resolveSibling("." + HexFormat.of().toHexDigits(random) + ".tmp");
  }

  // Where it concerns the temporary file, the user knows the target alone.
  private static String reason(Exception e, Path temporary) {
    boolean own =
        e instanceof FileSystemException failure && temporary.toString().equals(failure.getFile());
    if (own && e instanceof NoSuchFileException) {
      return "there is no folder " + temporary.getParent();
    }
    return own || e.getMessage() == null ? SystemReason.of(e) : e.getMessage();
  }

  private static void deleteAfter(Throwable failure, Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  // A rename is on disk only when its folder is; folders cannot be opened on Windows, where the
  // rename itself is logged.
  private static void forceFolder(Path folder) throws IOException {
    if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
