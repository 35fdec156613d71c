package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AtomicFileTest {
  @TempDir Path folder;

  private List<String> files() throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void textsAreReplacedWhole() throws IOException {
    Path target = folder.resolve("a.txt");
    AtomicFile.writeString(target, "one");
    AtomicFile.writeString(target, "zwei – ünï");
    assertEquals("zwei – ünï", Files.readString(target));
    AtomicFile.writeString(target, "");
    assertEquals("", Files.readString(target));
    assertEquals(List.of("a.txt"), files());
  }

  @Test
  void whileWritingTheOldContentStands() throws IOException {
    Path target = folder.resolve("a.txt");
    Files.writeString(target, "old");
    AtomicFile.write(
        target,
        channel -> {
          channel.write(ByteBuffer.wrap(new byte[] {'n', 'e', 'w'}));
          assertEquals("old", Files.readString(target));
        });
    assertEquals("new", Files.readString(target));
  }

  @Test
  void failuresLeaveTheOldContentAndNameTheFile() throws IOException {
    Path target = folder.resolve("a.txt");
    Files.writeString(target, "old");
    IOException full = new IOException("No space left on device");
    IOException thrown =
        assertThrows(
            IOException.class,
            () ->
                AtomicFile.write(
                    target,
                    channel -> {
                      channel.write(ByteBuffer.wrap(new byte[100]));
                      throw full;
                    }));
    assertTrue(thrown.getMessage().contains(target.toString()), thrown.getMessage());
    assertTrue(thrown.getMessage().contains("No space left"), thrown.getMessage());
    assertSame(full, thrown.getCause());
    IOException wrapped =
        assertThrows(
            IOException.class,
            () ->
                AtomicFile.write(
                    target,
                    channel -> {
                      throw new UncheckedIOException(full);
                    }));
    assertTrue(wrapped.getMessage().contains(target.toString()), wrapped.getMessage());
    IllegalStateException own = new IllegalStateException("own");
    assertSame(
        own,
        assertThrows(
            IllegalStateException.class,
            () ->
                AtomicFile.write(
                    target,
                    channel -> {
                      throw own;
                    })));
    assertEquals("old", Files.readString(target));
    assertEquals(List.of("a.txt"), files());
  }

  @Test
  void missingFoldersAreNamed() {
    Path target = folder.resolve("absent").resolve("a.txt");
    IOException thrown =
        assertThrows(IOException.class, () -> AtomicFile.writeString(target, "text"));
    assertTrue(thrown.getMessage().contains(target.toString()), thrown.getMessage());
    assertFalse(Files.exists(folder.resolve("absent")));
  }

  @Test
  void aFullDeviceIsAnErrorThatNamesTheFile() throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full), "only Linux has /dev/full");
    IOException thrown =
        assertThrows(
            IOException.class,
            () ->
                AtomicFile.write(
                    folder.resolve("a.bin"), channel -> Files.writeString(full, "text")));
    assertTrue(thrown.getMessage().contains("a.bin"), thrown.getMessage());
    assertEquals(List.of(), files());
  }
}
