package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UserFolderTest {
  @Test
  void onlyAnAbsoluteFolderCounts() {
    Path absolute = Path.of("states").toAbsolutePath();
    assertEquals(Optional.of(absolute), UserFolder.set(Optional.of(absolute.toString())));
    for (String other : List.of("", " ", "states", "./states", "a\0b")) {
      assertEquals(Optional.empty(), UserFolder.set(Optional.of(other)), other);
    }
    assertEquals(Optional.empty(), UserFolder.set(Optional.empty()));
  }
}
