package dev.eigenseg.graph;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.Workspace;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnnGraphTest {
  @TempDir Path folder;

  private static Provenance provenance(String bank) {
    return Provenance.here("graph", Map.of("neighbors", "5"), Map.of("bank", bank), 0, "cpu");
  }

  private static KnnGraph build() throws IOException {
    try (Tensor features = RandomData.gaussian(new Random(1), 60, 7)) {
      return KnnGraph.build(
          TestEngines.underTest(),
          new KnnEngine.Request(FeatureRows.of(features), 5, 1 << 26, 2),
          Progress.NONE);
    }
  }

  private Path written() throws IOException {
    Path file = folder.resolve("graph.knn");
    try (KnnGraph graph = build()) {
      graph.write(file, provenance("a"));
    }
    return file;
  }

  @Test
  void readsWhatItWrote() throws IOException {
    Path file = written();
    try (KnnGraph graph = build();
        KnnGraph read = KnnGraph.open(file)) {
      read.verify(Progress.NONE);
      assertEquals(60, read.rows());
      assertEquals(5, read.k());
      assertEquals(TestEngines.underTest().name(), read.engine());
      assertTrue(read.exact());
      assertEquals(Optional.empty(), read.recall());
      assertEquals(provenance("a"), read.provenance().orElseThrow());
      assertEquals(-1, graph.ids().segment().mismatch(read.ids().segment()));
      assertArrayEquals(graph.similarities().toFloats(), read.similarities().toFloats());
    }
  }

  @Test
  void provenanceStandsBehindAllData() throws IOException {
    byte[] first = Files.readAllBytes(written());
    try (KnnGraph graph = build()) {
      graph.write(folder.resolve("other.knn"), provenance("b"));
    }
    byte[] second = Files.readAllBytes(folder.resolve("other.knn"));
    int data = 4096 + 1216 + 1200 + 2 * 4; // 60 x 5 ids, padded to 64; similarities; checksums
    assertArrayEquals(Arrays.copyOf(first, data), Arrays.copyOf(second, data));
    assertEquals('{', first[data]);
  }

  @Test
  void refusesEveryTruncation() throws IOException {
    byte[] whole = Files.readAllBytes(written());
    Path cut = folder.resolve("cut.knn");
    for (int length = 0; length < whole.length; length += length < 64 ? 1 : 37) {
      Files.write(cut, Arrays.copyOf(whole, length));
      CorruptFileException e =
          assertThrows(CorruptFileException.class, () -> KnnGraph.open(cut), "length " + length);
      assertTrue(e.getMessage().contains("cut.knn"), e.getMessage());
      assertTrue(e.getMessage().contains("build the graph again"), e.getMessage());
    }
    Files.write(cut, Arrays.copyOf(whole, whole.length + 1));
    assertThrows(CorruptFileException.class, () -> KnnGraph.open(cut));
  }

  @Test
  void findsEveryFlippedBit() throws IOException {
    byte[] whole = Files.readAllBytes(written());
    Path bad = folder.resolve("bad.knn");
    Random random = new Random(5);
    for (int i = 0; i < whole.length; i += i < 64 || i > whole.length - 64 ? 1 : 41) {
      if (i >= 4096 + 1200 && i < 4096 + 1216) {
        continue; // padding
      }
      byte[] changed = whole.clone();
      changed[i] ^= (byte) (1 << random.nextInt(8));
      Files.write(bad, changed);
      assertThrows(
          EigensegException.class,
          () -> {
            try (KnnGraph graph = KnnGraph.open(bad)) {
              graph.verify(Progress.NONE);
            }
          },
          "byte " + i);
    }
  }

  /** As text such a name has more bytes than it had, more than a header holds when it is joined. */
  @Test
  void refusesAnEngineThatIsNoText() throws IOException {
    byte[] content = Files.readAllBytes(written());
    ByteBuffer header = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    int nameBytes = header.getInt(48);
    int name = new String(content, 0, 4096, ISO_8859_1).indexOf(TestEngines.underTest().name());
    content[name + nameBytes - 1] = (byte) 0xff;
    header.putInt(4092, Hashes.crc32c(MemorySegment.ofArray(Arrays.copyOf(content, 4092))));
    Path bad = Files.write(folder.resolve("bad.knn"), content);
    CorruptFileException e =
        assertThrows(CorruptFileException.class, () -> KnnGraph.open(bad).close());
    assertTrue(e.getMessage().contains("bad.knn"), e.getMessage());
    assertTrue(e.getMessage().contains("UTF-8"), e.getMessage());
  }

  @Test
  void noAdjacencyIsMadeOfChangedIds() throws IOException {
    byte[] whole = Files.readAllBytes(written());
    Path bad = folder.resolve("bad.knn");
    for (int bit : new int[] {0, 30}) { // another row, and none
      byte[] changed = whole.clone();
      changed[4096 + 4 * 77 + bit / 8] ^= (byte) (1 << (bit % 8));
      Files.write(bad, changed);
      try (KnnGraph graph = KnnGraph.open(bad)) {
        CorruptFileException e =
            assertThrows(
                CorruptFileException.class,
                () -> NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, 2).close());
        assertTrue(e.getMessage().contains("bad.knn"), e.getMessage());
      }
    }
  }

  @Test
  void useAfterCloseNamesTheGraph() throws IOException {
    KnnGraph graph = KnnGraph.open(written());
    graph.close();
    graph.close();
    IllegalStateException e = assertThrows(IllegalStateException.class, graph::ids);
    assertTrue(e.getMessage().contains("60 rows"), e.getMessage());
  }

  @Test
  void openingTenThousandTimesKeepsMemoryFlat() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/statm")), "resident memory is read from /proc");
    Path file = written();
    open(file, 10_000); // heap and compiled code grow for a while
    long before = residentPages();
    open(file, 10_000);
    long grown = residentPages() - before;
    assertTrue(grown < 5_000, grown + " pages more"); // 10,000 leaked mappings would be 50,000
  }

  private static void open(Path file, int times) throws IOException {
    for (int i = 0; i < times; i++) {
      try (KnnGraph graph = KnnGraph.open(file)) {
        graph.verify(Progress.NONE);
      }
    }
  }

  private static long residentPages() throws IOException {
    System.gc();
    return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
  }
}
