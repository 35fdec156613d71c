package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardsTest {
  @TempDir Path folder;

  private Path file(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  private String refusal(Path file) {
    return assertThrows(BadInputException.class, () -> Shards.of(file)).getMessage();
  }

  @Test
  void aSingleFileStandsForItself() throws IOException {
    Path file = file("model.safetensors", "x");
    assertEquals(List.of(file), Shards.of(file));
    assertEquals(Hashes.sha256(file), Shards.sha256(file));
    assertEquals("model", Shards.stem(file));
    assertEquals("vit_small.dino", Shards.stem(Path.of("vit_small.dino.safetensors")));
  }

  @Test
  void theIndexAndEveryShardOpenAll() throws IOException {
    Path first = file("m-00001-of-00002.safetensors", "1");
    Path second = file("m-00002-of-00002.safetensors", "2");
    List<Path> both = List.of(first, second);
    assertEquals(both, Shards.of(second), "without an index");
    Path index =
        file(
            "m.safetensors.index.json",
            """
            {"weight_map": {"b": "m-00002-of-00002.safetensors",
              "a": "m-00001-of-00002.safetensors", "c": "m-00002-of-00002.safetensors"}}
            """);
    String hash = Shards.sha256(index);
    for (Path file : List.of(index, first, second)) {
      assertEquals(both, Shards.of(file));
      assertEquals(hash, Shards.sha256(file));
      assertEquals("m", Shards.stem(file));
    }
    Files.writeString(second, "3");
    assertTrue(!hash.equals(Shards.sha256(index)));
    Files.delete(second);
    assertTrue(refusal(first).contains("m-00002-of-00002.safetensors"));
    assertTrue(refusal(index).contains("m-00002-of-00002.safetensors"));
  }

  @Test
  void whatIsNoIndexIsRefused() throws IOException {
    assertTrue(refusal(file("a.index.json", "{")).contains("no JSON"));
    assertTrue(refusal(file("b.index.json", "{\"weight_map\": {}}")).contains("weight_map"));
    assertTrue(
        refusal(file("c.index.json", "{\"weight_map\": {\"a\": \"../x.safetensors\"}}"))
            .contains("beside it"));
    assertTrue(
        refusal(file("d.index.json", "{\"weight_map\": {\"a\": \"p-00001-of-00002.bin\"}}"))
            .contains("no safetensors"));
    // No file can be called so; found by fuzzing.
    assertTrue(
        refusal(file("e.index.json", "{\"weight_map\": {\"a\": \"\\u0000.safetensors\"}}"))
            .contains("beside it"));
  }
}
