package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NamedWeightsTest {
  @Test
  void onlyAnAbsoluteFolderOfStatesCounts() {
    Path absolute = Path.of("states").toAbsolutePath();
    assertEquals(Optional.of(absolute), NamedWeights.states(Optional.of(absolute.toString())));
    for (String other : List.of("", " ", "states", "./states", "a\0b")) {
      assertEquals(Optional.empty(), NamedWeights.states(Optional.of(other)), other);
    }
    assertEquals(Optional.empty(), NamedWeights.states(Optional.empty()));
  }
}
