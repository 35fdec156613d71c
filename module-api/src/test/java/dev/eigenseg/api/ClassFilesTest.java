package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.ClassFiles.LabelClasses;
import dev.eigenseg.api.ClassList.NamedClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassFilesTest {
  @TempDir Path folder;

  @Test
  void readsWhatItWrote() throws IOException {
    ClassList classes =
        new ClassList(List.of(new NamedClass("Sky", 0x0180FF), new NamedClass("Straße", 0)));
    Path file = folder.resolve("classes.json");
    for (int voidIndex : new int[] {-1, 2, 255}) {
      LabelClasses content = new LabelClasses(classes, voidIndex);
      ClassFiles.write(file, content);
      assertEquals(content, ClassFiles.read(file));
    }
  }

  @Test
  void zeroMayBeVoidAndSoMayAColour() throws IOException {
    ClassList classes = new ClassList(List.of(new NamedClass("a", 1), new NamedClass("b", 2)));
    Path file = folder.resolve("classes.json");
    LabelClasses content = new LabelClasses(classes, 0, 1, OptionalInt.of(0x010203));
    ClassFiles.write(file, content);
    assertEquals(content, ClassFiles.read(file));
  }

  @Test
  void whatIsNoJsonIsToldInOurWords() throws IOException {
    Path file = Files.writeString(folder.resolve("classes.json"), "sky\ngrass\n");
    String message =
        assertThrows(BadInputException.class, () -> ClassFiles.read(file)).getMessage();
    assertTrue(message.contains("not JSON at line"), message);
    assertTrue(message.contains("\"void_index\": 255"), message);
    assertFalse(message.contains("Strictness"), message);
  }

  @Test
  void passesOverOtherMembers() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("classes.json"),
            """
            {"void_index": 1, "void_palette": [0, 0, 0], "splits": {},
             "classes": [{"index": 0, "name": "Sky", "rgb": [128, 0, 255]}]}\
            """);
    assertEquals(
        new LabelClasses(new ClassList(List.of(new NamedClass("Sky", 0x8000FF))), 1),
        ClassFiles.read(file));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{}",
        "{\"classes\": 3}",
        "{\"classes\": []}",
        "{\"classes\": [3]}",
        "{\"classes\": [{\"index\": 1, \"name\": \"a\", \"rgb\": [0, 0, 0]}]}",
        "{\"classes\": [{\"index\": 0, \"name\": \"a\", \"rgb\": [0, 0]}]}",
        "{\"classes\": [{\"index\": 0, \"name\": \"a\", \"rgb\": [0, 0, 256]}]}",
        "{\"classes\": [{\"index\": 0, \"name\": \"a\", \"rgb\": [0, 0, 0, 0]}]}",
        "{\"classes\": [{\"index\": 0, \"rgb\": [0, 0, 0]}]}",
        "{\"void_index\": 0, \"classes\": [{\"index\": 0, \"name\": \"a\", \"rgb\": [0, 0, 0]}]}",
        "{\"void_index\": \"x\", \"classes\": [{\"index\": 0, \"name\": \"a\", \"rgb\": [0, 0, 0]}]}"
      })
  void refusesEverythingElse(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("classes.json"), text);
    BadInputException refused = assertThrows(BadInputException.class, () -> ClassFiles.read(file));
    assertTrue(refused.getMessage().contains("classes.json"), refused.getMessage());
  }

  @Test
  void aMissingFileIsBadInput() {
    assertThrows(BadInputException.class, () -> ClassFiles.read(folder.resolve("none.json")));
  }
}
