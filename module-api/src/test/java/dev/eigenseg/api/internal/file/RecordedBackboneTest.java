package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RecordedBackboneTest {
  private final RecordedBackbone recorded = new RecordedBackbone("vit", "tiny.safetensors");

  @Test
  void looksBesideABankThatIsTheWorkingFolder() {
    Path beside = Path.of("").toAbsolutePath().getParent().resolve("tiny.safetensors");
    assertEquals(Set.of(beside), recorded.candidates(Path.of("."), List.of()));
    assertEquals(Set.of(beside), recorded.candidates(Path.of("x/.."), List.of()));
  }

  @Test
  void nothingIsBesideTheRoot() {
    Path root = Path.of("").toAbsolutePath().getRoot();
    assertEquals(Set.of(), recorded.candidates(root, List.of()));
  }
}
