package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class RegularFileTest {
  @TempDir Path folder;

  /** Whoever opens a pipe waits until somebody writes, and hears no interrupt meanwhile. */
  @Test
  void pipesAreRefusedAtOnce() throws Exception {
    Path pipe = Pipes.make(folder.resolve("pipe"));
    List<Executable> readers =
        List.of(
            () -> RegularFile.bytes(pipe),
            () -> RegularFile.text(pipe),
            () -> RegularFile.channel(pipe),
            () -> RegularFile.stream(pipe),
            () -> SafeTensors.open(pipe),
            () -> SafeTensors.bytesOf(pipe),
            () -> Shards.of(pipe),
            () -> JsonText.object(pipe, "{}"),
            () -> Hashes.sha256(pipe));
    for (Executable reader : readers) {
      BadInputException refused =
          assertTimeoutPreemptively(
              Duration.ofSeconds(20), () -> assertThrows(BadInputException.class, reader));
      assertTrue(refused.getMessage().contains("a pipe or a device"), refused.getMessage());
    }
  }

  @Test
  void foldersAreRefusedAndMissingFilesAreMissing() {
    for (Path other : List.of(folder, folder.getRoot())) {
      BadInputException refused =
          assertThrows(BadInputException.class, () -> Shards.isIndex(other));
      assertTrue(refused.getMessage().contains("a folder"), refused.getMessage());
    }
    assertThrows(NoSuchFileException.class, () -> RegularFile.text(folder.resolve("absent")));
  }

  @Test
  void linksAreFollowed() throws IOException {
    Files.writeString(folder.resolve("a"), "ünï");
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("a"));
    assertEquals("ünï", RegularFile.text(link));
  }
}
