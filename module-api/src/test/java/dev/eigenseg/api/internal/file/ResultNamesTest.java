package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultNamesTest {
  @TempDir Path folder;

  private static int bytes(String path) {
    return path.substring(path.lastIndexOf('/') + 1).getBytes(StandardCharsets.UTF_8).length;
  }

  @Test
  void ordinaryNamesGetAnEnding() {
    assertEquals("day/street.png", ResultNames.map("day/street"));
    assertEquals("day/street-overlay.png", ResultNames.overlay("day/street"));
    assertEquals("day/street-overlay~map.png", ResultNames.map("day/street-overlay"));
    assertNotEquals(ResultNames.map("a-overlay"), ResultNames.map("a-overlay~map"));
    String longest = "a".repeat(255 - "-overlay.png".length());
    assertEquals(longest + "-overlay.png", ResultNames.overlay(longest));
  }

  @Test
  void namesThatNoFileSystemTakesAreCutBetweenCharacters() throws IOException {
    for (String letter : new String[] {"a", "ü", "写", "😀"}) {
      String stem = letter.repeat(251 / letter.getBytes(StandardCharsets.UTF_8).length);
      String overlay = ResultNames.overlay("day/" + stem);
      assertTrue(bytes(overlay) <= 255 && bytes(overlay) > 250, overlay);
      assertTrue(overlay.matches("day/(" + letter + ")+~[0-9a-f]{16}-overlay\\.png"), overlay);
      Files.createFile(folder.resolve(overlay.substring(4)));
      assertEquals(overlay.substring(4), ResultNames.overlay(stem), "the folder is no part of it");
      assertNotEquals(overlay, ResultNames.overlay("day/" + stem + "x"));
    }
    assertEquals(255, bytes(ResultNames.map("b".repeat(255))));
  }
}
