package dev.eigenseg.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * A rule of the house: no line of Java, C++, shell or XML in any module is longer than a reader's
 * window. The formatter breaks code at 100 characters, but no strings. Not Markdown, whose tables
 * cannot be broken, nor templates, whose line breaks are part of what is made of them.
 */
class LineLengthTest {
  private static final int LONGEST = 140;
  private static final List<String> SCRIPTS = List.of("eigenseg", "run");
  private static final List<String> KINDS = List.of(".java", ".cpp", ".h", ".sh", ".cmd", ".xml");

  @Test
  void noLineIsLongerThanAWindow() throws IOException {
    Path root = Path.of("..").toRealPath();
    List<Path> sources = new ArrayList<>();
    for (Path place : places(root)) {
      try (Stream<Path> files = Files.walk(place)) {
        files.filter(Files::isRegularFile).filter(LineLengthTest::isSource).forEach(sources::add);
      }
    }
    assertTrue(sources.size() > 500, "only " + sources.size() + " sources under " + root);
    List<String> offenders = new ArrayList<>();
    for (Path source : sources) {
      List<String> lines = Files.readAllLines(source);
      for (int i = 0; i < lines.size(); i++) {
        int length = lines.get(i).codePointCount(0, lines.get(i).length());
        if (length > LONGEST) {
          offenders.add("%s:%d has %d".formatted(root.relativize(source), i + 1, length));
        }
      }
    }
    assertEquals(List.of(), offenders, "lines of more than " + LONGEST + " characters");
  }

  /** What is ours: neither what builds leave nor Maven's wrapper. */
  private static List<Path> places(Path root) throws IOException {
    List<Path> places = new ArrayList<>();
    try (Stream<Path> children = Files.list(root)) {
      for (Path child : children.sorted().toList()) {
        if (child.getFileName().toString().startsWith("module-")) {
          places.add(child.resolve("src"));
          places.add(child.resolve("pom.xml"));
        }
      }
    }
    places.add(root.resolve(".ci"));
    places.add(root.resolve("pom.xml"));
    places.add(root.resolve("integrations/bom/pom.xml"));
    places.add(root.resolve("integrations/spark/src"));
    places.add(root.resolve("integrations/spark/pom.xml"));
    places.add(root.resolve("eigenseg"));
    return places;
  }

  private static boolean isSource(Path file) {
    String name = file.getFileName().toString();
    return SCRIPTS.contains(name) || KINDS.stream().anyMatch(name::endsWith);
  }
}
