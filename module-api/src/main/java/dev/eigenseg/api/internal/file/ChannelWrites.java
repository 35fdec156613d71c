package dev.eigenseg.api.internal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;

/** Writes whole buffers: a channel may take fewer bytes at a time than it is offered. */
public final class ChannelWrites {
  private ChannelWrites() {}

  /** Writes what remains of a buffer where the channel stands. */
  public static void all(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Writes what remains of a buffer at an offset; the channel's own position stays.
   *
   * @return the offset behind what was written
   */
  public static long all(FileChannel channel, ByteBuffer bytes, long offset) throws IOException {
    long end = offset;
    while (bytes.hasRemaining()) {
      end += channel.write(bytes, end);
    }
    return end;
  }
}
