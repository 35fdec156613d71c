package dev.eigenseg.cli.input;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputsTest {
  @TempDir Path folder;

  @BeforeEach
  void files() throws IOException {
    Files.createDirectories(folder.resolve("day/two"));
    for (String name : List.of("b.png", "a.JPG", "notes.txt", "day/c.jpg", "day/two/d.jpeg")) {
      Files.createFile(folder.resolve(name));
    }
  }

  private List<String> names(String... arguments) throws IOException {
    return Inputs.expand(List.of(arguments)).stream()
        .map(input -> input.name().toString())
        .toList();
  }

  @Test
  void aFolderIsReadRecursivelyInOrder() throws IOException {
    assertEquals(
        List.of("a.JPG", "b.png", "day/c.jpg", "day/two/d.jpeg"), names(folder.toString()));
  }

  @Test
  void jpegHasMoreEndingsAndWebpIsRead() throws IOException {
    for (String name : List.of("e.jfif", "f.jpe", "g.WEBP", "h.tif")) {
      Files.createFile(folder.resolve("day/two").resolve(name));
    }
    assertEquals(
        List.of("d.jpeg", "e.jfif", "f.jpe", "g.WEBP", "h.tif"),
        names(folder.resolve("day/two").toString()));
  }

  @Test
  void argumentsKeepTheirOrderAndCountOnce() throws IOException {
    assertEquals(
        List.of("b.png", "a.JPG", "day/c.jpg", "day/two/d.jpeg"),
        names(folder + "/b.png", folder + "/day/../a.JPG", folder.toString()));
  }

  @Test
  void globsMatchWithinAFolderOrAcross() throws IOException {
    assertEquals(List.of("b.png"), names(folder + "/*.{png,jpg}"));
    assertEquals(List.of("day/c.jpg", "day/two/d.jpeg"), names(folder + "/**/*.jp*g"));
    assertThrows(BadInputException.class, () -> names(folder + "/*.bmp"));
  }

  @Test
  void listsNameOneInputALine() throws IOException {
    Path list = folder.resolve("list");
    Files.writeString(
        list, "# two\n" + folder.resolve("b.png") + "\n\n" + folder.resolve("day") + "\n");
    assertEquals(List.of("b.png", "c.jpg", "two/d.jpeg"), names("@" + list));
  }

  @Test
  void nothingFoundIsAnError() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertTrue(
        assertThrows(BadInputException.class, () -> names(empty.toString()))
            .getMessage()
            .contains("holds no images"));
    Path list = Files.createFile(folder.resolve("list"));
    assertThrows(BadInputException.class, () -> names("@" + list));
  }

  @Test
  void aMissingFileIsLeftToItsReader() throws IOException {
    assertEquals(List.of("missing.png"), names(folder + "/missing.png"));
  }

  @Test
  void stemsDropTheEndingOnly() {
    assertEquals("day/c", Inputs.stem(Path.of("day/c.jpg")));
    assertEquals("day.1/c", Inputs.stem(Path.of("day.1/c")));
    assertEquals(".hidden", Inputs.stem(Path.of(".hidden")));
  }

  @Test
  void resultsOfTwoImagesNeverShareAName() throws IOException {
    Files.createFile(folder.resolve("b.gif"));
    List<Inputs.Input> inputs = Inputs.expand(List.of(folder.toString()));
    assertTrue(
        assertThrows(BadInputException.class, () -> Inputs.byStem(inputs))
            .getMessage()
            .contains("b.gif"));
  }

  @Test
  void listsAreReadInTheEncodingsOfEditors() throws IOException {
    String text = folder.resolve("b.png") + "\r\n# zwei – 写\r\n" + folder.resolve("day") + "\r\n";
    List<String> expected = List.of("b.png", "c.jpg", "two/d.jpeg");
    for (String mark : List.of("", "\uFEFF")) {
      for (Charset charset :
          List.of(StandardCharsets.UTF_8, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
        Path list = Files.write(folder.resolve("list"), (mark + text).getBytes(charset));
        assertEquals(expected, names("@" + list), charset + (mark.isEmpty() ? "" : " with a mark"));
      }
    }
    Path latin = folder.resolve("latin");
    Files.write(latin, "a.JPG\nstra\u00DFe.jpg\n".getBytes(StandardCharsets.ISO_8859_1));
    String refused = assertThrows(BadInputException.class, () -> names("@" + latin)).getMessage();
    assertEquals("the list " + latin + ": line 2 is not text in UTF-8; save it as UTF-8", refused);
    String missing =
        assertThrows(BadInputException.class, () -> names("@" + folder + "/nolist")).getMessage();
    assertTrue(missing.endsWith("nolist: no such file or folder"), missing);
  }

  @Test
  void aFileOfTwoNamesCountsOnce() throws IOException {
    Files.createSymbolicLink(folder.resolve("again.png"), Path.of("b.png"));
    Files.createSymbolicLink(folder.resolve("up"), Path.of("."));
    assertEquals(List.of("again.png"), names(folder + "/again.png", folder + "/b.png"));
    assertEquals(
        List.of("a.JPG", "b.png", "day/c.jpg", "day/two/d.jpeg"), names(folder.toString()));
    assertEquals(List.of("b.png"), names(folder + "/*.png"));
  }

  @Test
  void resultsOfEigensegAreLeftOutHoweverTheyAreNamed() throws IOException {
    Path results = Files.createDirectory(folder.resolve("seg"));
    for (String name : List.of("a.png", "a-overlay.png", "classes.json", "provenance.json")) {
      Files.createFile(results.resolve(name));
    }
    Files.writeString(results.resolve("images.jsonl"), "{\"name\":\"a\"}\n");
    assertEquals(
        List.of("a.JPG", "b.png", "day/c.jpg", "day/two/d.jpeg"), names(folder.toString()));
    assertEquals(List.of("b.png"), names(folder + "/**.png", results + "/a.png"));
    for (String argument : List.of(results + "/a.png", results + "/*.png", results.toString())) {
      String none = assertThrows(BadInputException.class, () -> names(argument)).getMessage();
      assertTrue(none.contains("left out: ") && none.contains("of Eigenseg"), none);
    }
  }
}
