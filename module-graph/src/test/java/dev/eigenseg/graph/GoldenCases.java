package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Finds the golden fixtures; their absence skips a test, but fails it where CI is set. */
public final class GoldenCases {
  private GoldenCases() {}

  /** A fixture's folder. */
  public static Path folder(String name) {
    Path folder = Path.of(System.getProperty("eigenseg.golden", "../shared/golden"), name);
    boolean present = Files.isDirectory(folder);
    assertFalse(
        !present && System.getenv("CI") != null, "CI is set, but there is no folder " + folder);
    assumeTrue(present, "no golden fixtures in " + folder);
    return folder;
  }

  /** A fixture's description. */
  public static JsonObject json(Path folder) throws IOException {
    return JsonParser.parseString(Files.readString(folder.resolve("fixture.json")))
        .getAsJsonObject();
  }

  /** The safetensors files of a folder; at least one. */
  static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> files =
          entries.filter(file -> file.toString().endsWith(".safetensors")).sorted().toList();
      assertFalse(files.isEmpty(), "no case in " + folder);
      return files;
    }
  }

  static String caseName(Path file) {
    return file.getFileName().toString().replace(".safetensors", "");
  }
}
