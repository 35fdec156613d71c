package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Joining more parts than a process may have open files. */
class PartsMergeTest {
  private static final int PARTS = 300;
  private static final int OPEN_FILES = 100;
  private static final int WORSE = 6;
  private static final int WRITERS = 16;

  @TempDir Path folder;

  private Path whole;
  private List<Path> parts;

  /** A graph, and parts among which its neighbours and some that are worse are dealt out. */
  private void deal(int rows, int dim, int k, int count) throws IOException {
    whole = folder.resolve("whole.knn");
    Path all = Files.createDirectory(folder.resolve("parts"));
    parts =
        IntStream.rangeClosed(1, count)
            .mapToObj(i -> all.resolve("part-%03d.knn".formatted(i)))
            .toList();
    Random random = new Random(TestSeed.next());
    Provenance provenance = Provenance.here("graph", Map.of(), Map.of("bank", "one"), 0, "cpu");
    KnnEngine engine = KnnEngines.select("vector");
    try (Tensor features = RandomData.gaussian(random, rows, dim);
        KnnGraph graph =
            KnnGraph.build(
                engine,
                new KnnEngine.Request(FeatureRows.of(features), k, 1L << 30, 1),
                Progress.NONE);
        KnnGraph more =
            KnnGraph.build(
                engine,
                new KnnEngine.Request(FeatureRows.of(features), k + WORSE, 1L << 30, 1),
                Progress.NONE)) {
      graph.write(whole, provenance);
      int[] owners = new int[rows * more.k()];
      for (int place = 0; place < owners.length; place++) {
        int last = 1;
        while (last < count && new GraphPart(last + 1, count).firstRow(rows) <= place / more.k()) {
          last++;
        }
        owners[place] = 1 + random.nextInt(last);
      }
      Parallel.forEach( // most of the time goes by in forcing files to disk
          WRITERS,
          count,
          i -> {
            int part = Math.toIntExact(i) + 1;
            KnnGraphFile.Header header =
                new KnnGraphFile.Header(
                    rows,
                    k,
                    engine.name(),
                    true,
                    Optional.empty(),
                    new GraphPart(part, count),
                    Optional.empty());
            try {
              KnnGraphFile.write(
                  parts.get(part - 1),
                  header,
                  (first, number, ids, similarities) ->
                      fill(more, owners, part, k, first, number, ids, similarities),
                  provenance,
                  Progress.NONE);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  private static void fill(
      KnnGraph more,
      int[] owners,
      int part,
      int k,
      long first,
      int number,
      MemorySegment ids,
      MemorySegment similarities) {
    for (int row = 0; row < number; row++) {
      int filled = 0;
      for (int i = 0; i < more.k() && filled < k; i++) {
        long place = (first + row) * more.k() + i;
        if (owners[(int) place] == part) {
          ids.setAtIndex(
              ValueLayout.JAVA_INT, (long) row * k + filled, (int) more.ids().getLong(place));
          similarities.setAtIndex(
              ValueLayout.JAVA_FLOAT, (long) row * k + filled++, more.similarities().get(place));
        }
      }
      for (; filled < k; filled++) {
        ids.setAtIndex(ValueLayout.JAVA_INT, (long) row * k + filled, -1);
        similarities.setAtIndex(ValueLayout.JAVA_FLOAT, (long) row * k + filled, Float.NaN);
      }
    }
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void threeHundredPartsAreJoinedWithAHundredOpenFiles() throws Exception {
    deal(700, 5, 4, PARTS);
    Path target = folder.resolve("merged.knn");
    List<String> command =
        new ArrayList<>(
            List.of("bash", "-c", "ulimit -n " + OPEN_FILES + "; exec \"$@\"", "merge"));
    command.addAll(
        ChildJvm.command(
                List.of(),
                List.of("-Xmx64m", "-XX:MaxDirectMemorySize=16m"),
                MergeParts.class,
                parts.getFirst().getParent().toString(),
                target.toString())
            .command());
    Path log = folder.resolve("log.txt");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertTrue(process.waitFor(2, TimeUnit.MINUTES), "still running");
    assertEquals(0, process.exitValue(), Files.readString(log));
    assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(target));
  }

  // Windows of a part begin and end before, within and behind its rows.
  @Test
  void listsAreReadInAnyOrderAndAmount() throws IOException {
    deal(97, 3, 5, 7);
    Path target = folder.resolve("merged.knn");
    for (long window : new long[] {1, 5 * 8, 3 * 5 * 8, 96 * 5 * 8, 1 << 20}) {
      try (PartsMerge merge = PartsMerge.open(parts, window)) {
        KnnGraphFile.write(target, merge.header(), merge, merge.provenance(), Progress.NONE);
      }
      assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(target), window + " bytes");
    }
  }

  @Test
  void aPartThatIsReplacedMeanwhileIsNoticed() throws IOException {
    deal(97, 3, 5, 2);
    try (PartsMerge merge = PartsMerge.open(parts, 1 << 20)) {
      Files.delete(parts.getLast());
      Files.copy(parts.getFirst(), parts.getLast());
      Path target = folder.resolve("merged.knn");
      CorruptFileException e =
          assertThrows(
              CorruptFileException.class,
              () ->
                  KnnGraphFile.write(
                      target, merge.header(), merge, merge.provenance(), Progress.NONE));
      assertTrue(e.getMessage().contains(parts.getLast().toString()), e.getMessage());
      assertTrue(Files.notExists(target));
    }
  }
}
