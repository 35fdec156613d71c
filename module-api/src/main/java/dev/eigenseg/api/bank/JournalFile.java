package dev.eigenseg.api.bank;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.ChannelWrites;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;

/**
 * Owns {@code images.tsv} of a bank that is being written, and its lock: who has it is the bank's
 * only writer. Not thread-safe.
 */
final class JournalFile implements AutoCloseable {
  private final Path path;
  private final FileChannel channel;
  private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
  private long bytes;

  private JournalFile(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /**
   * Opens a bank's journal, or creates it.
   *
   * @throws UnavailableException if another writer has it
   */
  static JournalFile open(Path directory) throws IOException {
    Path path = directory.resolve(ImageJournal.FILE_NAME);
    return new JournalFile(path, openLocked(directory, path));
  }

  @SuppressWarnings("MustBeClosedChecker")
  private static FileChannel openLocked(Path directory, Path path) throws IOException {
    FileChannel channel =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new UnavailableException(
            directory + ": another process is writing to this bank; wait until it has ended");
      }
      return channel;
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw new UnavailableException(
          directory + ": this process is writing to this bank already; close the other writer", e);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  Path path() {
    return path;
  }

  boolean isEmpty() throws IOException {
    return channel.size() == 0;
  }

  // Through the locked channel: closing a second one would end the lock, as POSIX has it.
  byte[] read() throws IOException {
    ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(channel.size()));
    int read;
    do {
      read = channel.read(content, content.position());
    } while (read > 0);
    return Arrays.copyOf(content.array(), content.position());
  }

  /**
   * Leaves some lines and nothing behind them.
   *
   * @param found what {@link #read} gave
   * @param lines the first ones of it
   */
  void keep(byte[] found, List<ImageJournal.Line> lines) throws IOException {
    bytes = ImageJournal.HEADER.length;
    for (ImageJournal.Line line : lines) {
      bytes += ImageJournal.format(line).length;
    }
    int compared = Math.min(found.length, ImageJournal.HEADER.length);
    if (!Arrays.equals(found, 0, compared, ImageJournal.HEADER, 0, ImageJournal.HEADER.length)) {
      ChannelWrites.all(channel, ByteBuffer.wrap(ImageJournal.HEADER), 0);
    }
    channel.truncate(bytes);
    channel.force(true);
  }

  /** Adds a line, which {@link #commit} writes. */
  void add(ImageJournal.Line line) {
    pending.writeBytes(ImageJournal.format(line));
  }

  /** Writes what was added; returns when the disk has it. */
  void commit() throws IOException {
    if (pending.size() > 0) {
      ChannelWrites.all(channel, ByteBuffer.wrap(pending.toByteArray()), bytes);
      channel.force(true);
      bytes += pending.size();
      pending.reset();
    }
  }

  /** Gives up the lock. What was added but not committed is lost. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
