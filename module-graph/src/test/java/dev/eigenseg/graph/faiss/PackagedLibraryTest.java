package dev.eigenseg.graph.faiss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.graph.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Unpacking, with a file of random bytes in the library's place. */
class PackagedLibraryTest {
  @TempDir Path work;

  private final byte[] content = new byte[1_000_003];
  private Path packaged;
  private Path folder;

  @BeforeEach
  void pack() throws IOException {
    new Random(3).nextBytes(content);
    packaged = Files.write(work.resolve("library.so"), content);
    folder = work.resolve("cache/native");
    writeChecksum(content.length + " " + Hashes.sha256(packaged) + "\n");
  }

  private void writeChecksum(String line) throws IOException {
    Files.writeString(work.resolve("library.so.sha256"), line);
  }

  private PackagedLibrary library() throws IOException {
    return new PackagedLibrary(packaged.toUri().toURL());
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  /** Tells a file from another one of the same name. */
  private static Object key(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  @Test
  void isUnpackedOnce() throws IOException {
    Path file = library().unpack(folder);
    assertArrayEquals(content, Files.readAllBytes(file));
    Object written = key(file);
    assertEquals(file, library().unpack(folder));
    assertEquals(written, key(file), "the file was written again");
    assertEquals(List.of(file), files(folder));
  }

  @Test
  void aDamagedCopyIsReplaced() throws IOException {
    Path file = library().unpack(folder);
    byte[] flipped = content.clone();
    flipped[content.length / 2] ^= 1;
    for (byte[] damaged : List.of(new byte[0], new byte[content.length], flipped)) {
      Files.write(file, damaged);
      assertEquals(file, library().unpack(folder));
      assertArrayEquals(content, Files.readAllBytes(file));
      assertEquals(List.of(file), files(folder));
    }
  }

  @Test
  void aDamagedPackageIsRefusedAndLeavesNothing() throws IOException {
    content[7] ^= 1;
    Files.write(packaged, content);
    IOException flipped = assertThrows(IOException.class, () -> library().unpack(folder));
    assertTrue(flipped.getMessage().contains("damaged"), flipped.getMessage());
    Files.write(packaged, new byte[17]);
    IOException cut = assertThrows(IOException.class, () -> library().unpack(folder));
    assertTrue(cut.getMessage().contains("found 17"), cut.getMessage());
    for (String line : List.of("", "12", "x y", "17 abc")) {
      writeChecksum(line);
      assertThrows(IOException.class, () -> library().unpack(folder));
    }
    assertEquals(List.of(), files(folder));
  }

  @Test
  void otherBuildsLieBesideEachOther() throws IOException {
    Path first = library().unpack(folder);
    content[7] ^= 1;
    Files.write(packaged, content);
    writeChecksum(content.length + " " + Hashes.sha256(packaged));
    Path second = library().unpack(folder);
    assertFalse(first.equals(second));
    assertArrayEquals(content, Files.readAllBytes(second));
    assertEquals(2, files(folder).size());
  }

  @Test
  void threadsMayUnpackAtOnce() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Path>> paths = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        paths.add(threads.submit(() -> library().unpack(folder)));
      }
      for (Future<Path> path : paths) {
        assertArrayEquals(content, Files.readAllBytes(path.get()));
      }
    }
    assertEquals(1, files(folder).size());
  }

  @Test
  void processesMayUnpackAtOnce() throws Exception {
    int folders = 20;
    Path meeting = Files.createDirectory(work.resolve("meeting"));
    List<ChildJvm> processes = new ArrayList<>();
    try {
      for (int i = 0; i < 2; i++) {
        processes.add(
            ChildJvm.start(
                work.resolve("log-" + i),
                List.of(),
                Unpacking.class,
                packaged.toString(),
                folder.toString(),
                Integer.toString(folders),
                meeting.toString(),
                "2"));
      }
      for (ChildJvm process : processes) {
        process.output();
      }
    } finally {
      processes.forEach(ChildJvm::close);
    }
    for (int i = 0; i < folders; i++) {
      List<Path> files = files(folder.resolve(Integer.toString(i)));
      assertEquals(1, files.size(), files.toString());
      assertArrayEquals(content, Files.readAllBytes(files.getFirst()));
    }
  }
}
