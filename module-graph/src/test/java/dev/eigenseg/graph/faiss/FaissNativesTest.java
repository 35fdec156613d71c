package dev.eigenseg.graph.faiss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.graph.ChildJvm;
import dev.eigenseg.graph.TestEngines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the native library comes from, and which is refused, in processes of their own. */
class FaissNativesTest {
  @TempDir Path home;

  /** What the engine says of itself, twice, in a process with such options. */
  private List<String> said(List<Path> places, String... options) throws Exception {
    List<String> all = new ArrayList<>(List.of("-Duser.home=" + home));
    all.addAll(List.of(options));
    try (ChildJvm process = ChildJvm.start(home.resolve("log"), places, all, EngineDetails.class)) {
      return process.output().lines().filter(line -> line.startsWith(EngineDetails.MARK)).toList();
    }
  }

  // The folder that the platform's jar is made of.
  private static Path packaged() {
    TestEngines.require("faiss");
    return Path.of(System.getProperty(FaissNatives.PROPERTY))
        .getParent()
        .resolve("../../../..")
        .normalize();
  }

  private List<Path> unpacked() throws Exception {
    Path folder = home.resolve(".cache/eigenseg/native");
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Test
  void thePackagedLibraryIsUnpackedAndLoaded() throws Exception {
    List<String> lines = said(List.of(packaged()));
    assertTrue(lines.getFirst().contains("FAISS 1."), lines.toString());
    assertTrue(lines.getFirst().contains("OpenBLAS"), lines.toString());
    assertEquals(lines.getFirst(), lines.getLast());
    assertEquals(1, unpacked().size());
  }

  @Test
  void theLibraryThatThePropertyNamesComesFirst() throws Exception {
    Path packaged = packaged();
    List<String> lines =
        said(
            List.of(packaged),
            "-D" + FaissNatives.PROPERTY + "=" + System.getProperty(FaissNatives.PROPERTY));
    assertTrue(lines.getFirst().contains("FAISS 1."), lines.toString());
    assertEquals(List.of(), unpacked());
  }

  @Test
  void aNamedFileThatIsNoLibraryIsRefusedAndNothingStandsIn() throws Exception {
    Path garbage = Files.writeString(home.resolve("garbage.so"), "no library");
    List<String> lines = said(List.of(), "-D" + FaissNatives.PROPERTY + "=" + garbage);
    assertEquals(2, lines.size());
    assertTrue(
        lines.getFirst().contains("engine faiss: its native library cannot be loaded"),
        lines.toString());
    assertTrue(lines.getFirst().contains("garbage.so"), lines.toString());
    assertEquals(lines.getFirst(), lines.getLast());
    assertEquals(List.of(), unpacked());
  }

  @Test
  void withoutALibraryTheMessageSaysHowToGetOne() throws Exception {
    List<String> lines = said(List.of());
    assertTrue(lines.getFirst().contains("apt-get install libfaiss-dev"), lines.toString());
    assertTrue(lines.getFirst().contains(FaissNatives.PROPERTY), lines.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.7.0", "1.7.3", "1.9.0", "1.15.2"})
  void versionsOfTheWindowWillDo(String version) {
    assertTrue(FaissNatives.versionRefusal(version).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.6.9", "0.9.0", "2.0.0", "1", "none", "", "1.99999999999.0"})
  void otherVersionsAreRefusedWithTheRemedy(String version) {
    String why = FaissNatives.versionRefusal(version).orElseThrow();
    assertTrue(why.contains("FAISS " + version + ","), why);
    assertTrue(why.contains("1.7") && why.contains("build it again"), why);
  }

  @Test
  void headersOfAnotherVersionThanTheLibrarysAreRefused() {
    assertTrue(FaissNatives.mismatchRefusal("1.15.0", "1.15.0").isEmpty());
    String why = FaissNatives.mismatchRefusal("1.15.0", "1.15.1").orElseThrow();
    assertTrue(why.contains("1.15.0") && why.contains("1.15.1"), why);
    assertTrue(why.contains("build it again"), why);
  }

  @Test
  void aReferenceBlasIsRefusedWithTheRemedy() {
    assertFalse(FaissNatives.speedRefusal("OpenBLAS", 25e9).isPresent());
    String why = FaissNatives.speedRefusal("Reference BLAS 3.11", 1.9e9).orElseThrow();
    assertTrue(why.contains("Reference BLAS 3.11") && why.contains("1.9 GFLOP/s"), why);
    assertTrue(why.contains("apt-get install libopenblas0-pthread"), why);
  }
}
