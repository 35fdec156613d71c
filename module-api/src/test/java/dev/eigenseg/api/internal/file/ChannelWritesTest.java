package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChannelWritesTest {
  private static final byte[] BYTES = {1, 2, 3, 4, 5, 6, 7};

  @TempDir private Path folder;

  /** Takes two bytes at a time, and none every other time. */
  private static final class Sluggish implements WritableByteChannel {
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private boolean lazy;

    @Override
    public int write(ByteBuffer source) {
      lazy = !lazy;
      int count = lazy ? 0 : Math.min(2, source.remaining());
      for (int i = 0; i < count; i++) {
        taken.write(source.get());
      }
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Test
  void aChannelThatTakesLittleGetsAll() throws IOException {
    try (Sluggish channel = new Sluggish()) {
      ChannelWrites.all(channel, ByteBuffer.wrap(BYTES));
      assertArrayEquals(BYTES, channel.taken.toByteArray());
    }
  }

  @Test
  void writesAtAnOffsetAndSaysWhereItEnds() throws IOException {
    Path file = folder.resolve("file");
    Files.write(file, new byte[] {9, 9});
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      assertEquals(6, ChannelWrites.all(channel, ByteBuffer.wrap(BYTES, 0, 5), 1));
      assertEquals(0, channel.position());
    }
    assertArrayEquals(new byte[] {9, 1, 2, 3, 4, 5}, Files.readAllBytes(file));
  }
}
