package dev.eigenseg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import dev.eigenseg.api.Progress;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of every version that was ever written are read, to the same numbers. */
class GoldenFilesTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path TODAY = Path.of("target/golden");

  @TempDir Path folder;

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).map(folder::relativize).sorted().toList();
    }
  }

  @Test
  void allVersionsReadAsTheyDid() throws IOException {
    List<Path> versions;
    try (Stream<Path> folders = Files.list(GOLDEN)) {
      versions = folders.sorted().toList();
    }
    assertFalse(versions.isEmpty());
    for (Path version : versions) {
      JsonElement expected =
          JsonParser.parseString(Files.readString(version.resolve(GoldenFiles.EXPECTED)));
      assertHolds(version.toString(), expected, GoldenFiles.describe(version));
    }
  }

  // What later readers say beside it, nobody said then.
  private static void assertHolds(String where, JsonElement expected, JsonElement found) {
    if (expected.isJsonObject() && found.isJsonObject()) {
      expected
          .getAsJsonObject()
          .asMap()
          .forEach((name, value) -> {
            assertTrue(found.getAsJsonObject().has(name), where + " has " + name);
            assertHolds(where + "/" + name, value, found.getAsJsonObject().get(name));
          });
    } else if (expected.isJsonArray() && found.isJsonArray()) {
      assertEquals(expected.getAsJsonArray().size(), found.getAsJsonArray().size(), where);
      for (int i = 0; i < expected.getAsJsonArray().size(); i++) {
        assertHolds(
            where + "/" + i, expected.getAsJsonArray().get(i), found.getAsJsonArray().get(i));
      }
    } else {
      assertEquals(expected.toString(), found.toString(), where);
    }
  }

  @Test
  void partsOfBeforeMakeTheGraphOfBefore() throws IOException {
    Path version = GOLDEN.resolve("v1");
    Path merged = folder.resolve("graph.knn");
    KnnGraph.merge(
        List.of(version.resolve("part-1.knn"), version.resolve("part-2.knn")),
        merged,
        Progress.NONE);
    assertEquals(-1, Files.mismatch(version.resolve("graph.knn"), merged));
  }

  @Test
  void todayWritesTheSameBytes() throws IOException {
    if (Files.exists(TODAY)) {
      try (Stream<Path> old = Files.walk(TODAY)) {
        old.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    }
    GoldenFiles.write(TODAY);
    Path version = GOLDEN.resolve("v1");
    assertEquals(files(version), files(TODAY));
    for (Path file : files(version)) {
      assertEquals(-1, Files.mismatch(version.resolve(file), TODAY.resolve(file)), file.toString());
    }
  }
}
