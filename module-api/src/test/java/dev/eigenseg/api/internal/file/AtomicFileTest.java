package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eigenseg.api.BadInputException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.FutureTask;
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

  @Test
  void theLongestNameOfTheFileSystemIsWritten() throws IOException {
    for (String name : List.of("a".repeat(255), "写".repeat(85))) {
      AtomicFile.writeString(folder.resolve(name), "text");
      assertEquals("text", Files.readString(folder.resolve(name)));
    }
  }

  @Test
  void theReasonIsTheSystemsAndNamesNoTemporaryFile() throws IOException {
    Path target = folder.resolve("a".repeat(300));
    String tooLong =
        assertThrows(IOException.class, () -> AtomicFile.writeString(target, "text")).getMessage();
    assertTrue(tooLong.endsWith("failed: File name too long"), tooLong);
    Path absent = folder.resolve("absent").resolve("a.txt");
    String message =
        assertThrows(IOException.class, () -> AtomicFile.writeString(absent, "text")).getMessage();
    assertTrue(message.endsWith("there is no folder " + absent.getParent()), message);
    Path closed = Files.createDirectory(folder.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-x------"));
    assumeFalse(Files.isWritable(closed), "root writes everywhere");
    Path denied = closed.resolve("a.txt");
    String reason =
        assertThrows(IOException.class, () -> AtomicFile.writeString(denied, "text")).getMessage();
    assertEquals("writing " + denied + " failed: permission denied", reason);
  }

  @Test
  void devicesGetTextsAndAreNeverReplaced() throws IOException {
    Path device = Path.of("/dev/null");
    assumeTrue(Files.exists(device), "no /dev/null here");
    Path link = Files.createSymbolicLink(folder.resolve("null"), device);
    AtomicFile.writeString(link, "text");
    assertThrows(BadInputException.class, () -> AtomicFile.write(link, channel -> {}));
    assertThrows(
        BadInputException.class,
        () -> AtomicFile.publish(Files.writeString(folder.resolve("b"), "text"), link));
    assertTrue(Files.isSymbolicLink(link) && !Files.isRegularFile(device), "replaced");
  }

  @Test
  void pipesGetTextsAndAreNeverReplaced() throws Exception {
    Path pipe = Pipes.make(folder.resolve("pipe"));
    FutureTask<String> read = new FutureTask<>(() -> Files.readString(pipe));
    Thread.ofVirtual().start(read);
    AtomicFile.writeString(pipe, "text");
    assertEquals("text", read.get());
    assertTrue(Files.exists(pipe) && !Files.isRegularFile(pipe), "replaced");
    assertThrows(BadInputException.class, () -> AtomicFile.write(pipe, channel -> {}));
  }

  @Test
  void aLinkStaysAndItsFileIsReplaced() throws IOException {
    Path file = Files.writeString(folder.resolve("a.txt"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("a.txt"));
    AtomicFile.writeString(link, "new");
    assertTrue(Files.isSymbolicLink(link), "the link is gone");
    assertEquals("new", Files.readString(file));
    Path nothing = Files.createSymbolicLink(folder.resolve("nothing"), Path.of("absent"));
    BadInputException refused =
        assertThrows(BadInputException.class, () -> AtomicFile.writeString(nothing, "text"));
    assertTrue(refused.getMessage().contains("a link to nothing"), refused.getMessage());
    assertFalse(Files.exists(folder.resolve("absent")));
  }

  @Test
  void reasonsAreTheSystems() {
    assertEquals("permission denied", SystemReason.of(new AccessDeniedException("a")));
    assertEquals("no such file or folder", SystemReason.of(new NoSuchFileException("a")));
    assertEquals(
        "Is a directory", SystemReason.of(new FileSystemException("a", null, "Is a directory")));
    assertEquals("EOFException", SystemReason.of(new EOFException()));
  }
}
