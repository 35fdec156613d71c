package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonTextTest {
  private static final String EXAMPLE = "{\"0\": \"sky\"}";

  @TempDir Path folder;

  private static String refused(String text) {
    return assertThrows(BadInputException.class, () -> JsonText.object(text, "names.json", EXAMPLE))
        .getMessage();
  }

  @Test
  void whatIsNoJsonIsNamedByItsPlace() {
    Map<String, String> places =
        Map.of(
            "sky\ngrass\nroad", "line 2, column 2 ('grass')",
            "{\n  \"0\": \"sky\"\n  \"1\": \"grass\"\n}", "line 3, column 4 ('\"1\": \"grass\"')",
            "{\"0\": \"sky\"", "line 1, column 12 ('{\"0\": \"sky\"')");
    places.forEach((text, place) ->
        assertEquals(
            "names.json: not JSON at " + place + "; expected an object such as " + EXAMPLE,
            refused(text)));
  }

  @Test
  void jsonOfAnotherKindIsNamedByIt() {
    String expected = "; expected an object such as " + EXAMPLE;
    assertEquals("names.json: nothing in it" + expected, refused(" \n"));
    assertEquals("names.json: found a list" + expected, refused("[1]"));
    assertEquals("names.json: found a single value" + expected, refused("3"));
  }

  @Test
  void aMarkOfTheByteOrderIsPassedOver() throws IOException {
    Path file = Files.writeString(folder.resolve("a.json"), "\uFEFF{\"0\": \"sky\"}");
    assertEquals("sky", JsonText.object(file, EXAMPLE).get("0").getAsString());
    Files.write(file, "{\"0\": \"stra\u00DFe\"}".getBytes(StandardCharsets.ISO_8859_1));
    String refused =
        assertThrows(BadInputException.class, () -> JsonText.object(file, EXAMPLE)).getMessage();
    assertTrue(refused.startsWith(file + ": not text in UTF-8"), refused);
  }
}
