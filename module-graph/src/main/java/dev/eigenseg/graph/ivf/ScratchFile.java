package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.internal.file.ChannelWrites;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Owns a file that nobody else needs, deleted on closing. Thread-safe. */
final class ScratchFile implements AutoCloseable {
  private final Path path;
  private final FileChannel channel;

  @SuppressWarnings("MustBeClosedChecker")
  ScratchFile(Path path) throws IOException {
    this.path = path;
    this.channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS);
  }

  /** Writes all bytes. */
  void write(MemorySegment bytes, long offset) {
    try {
      ChannelWrites.all(channel, bytes.asByteBuffer(), offset);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Fills all bytes. */
  void read(MemorySegment bytes, long offset) {
    try {
      readFully(channel, bytes, offset);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Fills all bytes from a file.
   *
   * @throws EOFException if it ends before
   */
  static void readFully(FileChannel channel, MemorySegment bytes, long offset) throws IOException {
    ByteBuffer buffer = bytes.asByteBuffer();
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, offset + buffer.position()) < 0) {
        throw new EOFException("it ends at offset " + channel.size());
      }
    }
  }

  @Override
  public void close() {
    try (channel) {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
