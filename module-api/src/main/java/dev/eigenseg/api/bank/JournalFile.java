package dev.eigenseg.api.bank;

import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.file.ChannelWrites;
import dev.eigenseg.api.internal.file.OutputLock;
import dev.eigenseg.api.internal.file.RegularFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
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
  private final OutputLock lock;
  private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
  private long bytes;

  private JournalFile(Path path, FileChannel channel, OutputLock lock) {
    this.path = path;
    this.channel = channel;
    this.lock = lock;
  }

  /**
   * Opens a bank's journal, or creates it.
   *
   * @throws UnavailableException if another writer has it
   */
  @SuppressWarnings("MustBeClosedChecker")
  static JournalFile open(Path directory) throws IOException {
    Path path = directory.resolve(ImageJournal.FILE_NAME);
    RegularFile.require(path);
    OutputLock lock = OutputLock.ofFolder(directory);
    try {
      return new JournalFile(
          path,
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
          lock);
    } catch (IOException | RuntimeException | Error e) {
      lock.close();
      throw e;
    }
  }

  Path path() {
    return path;
  }

  boolean isEmpty() throws IOException {
    return channel.size() == 0;
  }

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
    try (lock) {
      channel.close();
    }
  }
}
