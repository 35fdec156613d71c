package dev.eigenseg.api.internal.file;

import dev.eigenseg.api.UnavailableException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Owns the right to write one output, against other processes and other threads of this one: a
 * locked hidden file, which names its holder and is deleted on closing. The system ends the lock of
 * a process that dies; the file that it leaves is taken over by the next.
 */
public final class OutputLock implements AutoCloseable {
  /** The name of a folder's lock in it. */
  public static final String FOLDER_LOCK = ".lock";

  private static final int LONGEST_NAME = 200; // file systems allow 255 bytes
  private static final int MOST_SHOWN = 200;
  private static final int LONGEST_PADDING = 1 << 12;

  // Those of this process: closing a second channel of a locked file would end the lock, so that
  // none
  // may be opened.
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;

  private OutputLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * For a file, by a lock beside it.
   *
   * @param output need not exist; its folder must
   * @throws dev.eigenseg.api.BadInputException if it is no file that can be replaced
   * @throws UnavailableException if somebody has it; the message says who
   */
  public static OutputLock ofFile(Path output) throws IOException {
    AtomicFile.requireReplaceable(output);
    String name = output.getFileName().toString();
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    String shortName =
        bytes > LONGEST_NAME ? Hashes.sha256(name).substring(0, Long.BYTES * 2) : name;
    return open(output, output.toAbsolutePath().resolveSibling("." + shortName + ".lock"));
  }

  /**
   * For all of a folder, by a lock in it.
   *
   * @param output exists
   * @throws UnavailableException if somebody has it; the message says who
   */
  public static OutputLock ofFolder(Path output) throws IOException {
    return open(output, output.toAbsolutePath().resolve(FOLDER_LOCK));
  }

  @SuppressWarnings("MustBeClosedChecker")
  private static OutputLock open(Path output, Path named) throws IOException {
    Path folder = named.getParent();
    // By whatever names the folder is known; one that is missing is told of by who opens the file.
    Path file =
        Files.isDirectory(folder) ? folder.toRealPath().resolve(named.getFileName()) : named;
    if (!HELD.add(file)) {
      throw new UnavailableException(
          output + ": this process is writing it already; wait until that has ended");
    }
    try {
      while (true) {
        Optional<OutputLock> lock = attempt(output, file);
        if (lock.isPresent()) {
          return lock.get();
        }
      }
    } catch (IOException | RuntimeException | Error e) {
      HELD.remove(file);
      throw e;
    }
  }

  // Empty if the file was deleted between opening and locking it: the lock is on nothing then.
  @SuppressWarnings("MustBeClosedChecker")
  private static Optional<OutputLock> attempt(Path output, Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS); // nobody's link makes us write elsewhere
    try {
      lock(output, file, channel);
      channel.truncate(0);
      if (isNamed(channel, file)) {
        return Optional.of(new OutputLock(file, channel));
      }
      channel.close();
      return Optional.empty();
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  // By its length, made up here and changed once: opening the name would not do, since closing any
  // channel of a file ends this process's locks on it, as POSIX has it.
  private static boolean isNamed(FileChannel channel, Path file) throws IOException {
    int padding = ThreadLocalRandom.current().nextInt(LONGEST_PADDING);
    String holder = "process %d,%s".formatted(ProcessHandle.current().pid(), " ".repeat(padding));
    try {
      for (String part : List.of(holder, "\n")) {
        ChannelWrites.all(channel, StandardCharsets.UTF_8.encode(part), channel.size());
        if (Files.size(file) != channel.size()) {
          return false;
        }
      }
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static void lock(Path output, Path file, FileChannel channel) throws IOException {
    FileLock lock = channel.tryLock(); // ended by closing the channel
    if (lock == null) {
      throw new UnavailableException(
          "%s: another process is writing it (%s); wait until that has ended, or stop it"
              .formatted(output, holder(file)));
    }
  }

  private static String holder(Path file) throws IOException {
    String text;
    try {
      text = RegularFile.text(file);
    } catch (NoSuchFileException e) { // it has ended meanwhile
      text = "";
    }
    int end = text.indexOf(',');
    return end < 0 || end > MOST_SHOWN ? "not named" : text.substring(0, end);
  }

  @Override
  public void close() throws IOException {
    if (!channel.isOpen()) {
      return;
    }
    try (channel) {
      Files.deleteIfExists(file);
    } finally {
      HELD.remove(file);
    }
  }
}
