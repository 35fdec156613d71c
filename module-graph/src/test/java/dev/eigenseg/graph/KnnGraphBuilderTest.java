package dev.eigenseg.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.Provenance;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnnGraphBuilderTest {
  private static final long ENOUGH = 1L << 30;
  private final KnnEngine engine = KnnEngines.select("vector");
  private final long seed = TestSeed.next();
  private final Random random = new Random(seed);

  @TempDir Path folder;

  private KnnGraphBuilder builder(Tensor features, int k, long memory, int threads) {
    return new KnnGraphBuilder(
        engine,
        new KnnEngine.Request(FeatureRows.of(features), k, memory, threads),
        KillableBuild.PROVENANCE);
  }

  private byte[] inMemory(Tensor features, int k) throws IOException {
    KnnEngine.Request request = new KnnEngine.Request(FeatureRows.of(features), k, ENOUGH, 2);
    Path file = folder.resolve("in-memory.knn");
    try (KnnGraph graph = KnnGraph.build(engine, request, Progress.NONE)) {
      graph.write(file, KillableBuild.PROVENANCE);
    }
    return Files.readAllBytes(file);
  }

  private static byte[] whole(KnnGraphBuilder builder, Path target) throws IOException {
    builder.build(GraphPart.WHOLE, target, false, Progress.NONE);
    return Files.readAllBytes(target);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** Rows of few values: many duplicates, and zero rows. */
  private Tensor coarse(int rows, int dim) {
    Tensor features = Tensor.allocate(DType.F32, rows, dim);
    for (long i = 0; i < features.size(); i++) {
      features.set(i, random.nextInt(3) - 1);
    }
    return features;
  }

  @Test
  void anyMemoryThreadsAndPartsGiveTheBytesOfASearchInMemory() throws IOException {
    int[][] shapes = {{2, 1, 1}, {3, 4, 2}, {50, 2, 49}, {131, 5, 7}, {700, 3, 64}, {1501, 9, 10}};
    for (int[] shape : shapes) {
      try (Tensor features =
          random.nextBoolean()
              ? coarse(shape[0], shape[1])
              : RandomData.gaussian(random, shape[0], shape[1])) {
        byte[] expected = inMemory(features, shape[2]);
        for (int threads : new int[] {1, 3}) {
          long least = TestEngines.leastMemory(engine, features, shape[2], threads);
          for (long memory : new long[] {least, least * 3 / 2, ENOUGH}) {
            String what =
                "%s, %d threads, %d bytes, seed %d"
                    .formatted(Arrays.toString(shape), threads, memory, seed);
            KnnGraphBuilder builder = builder(features, shape[2], memory, threads);
            assertArrayEquals(expected, whole(builder, folder.resolve("g.knn")), what);
            int count = 2 + random.nextInt(Math.min(6, shape[0] - 1));
            // A part has one strip more, for the rows behind its own.
            KnnGraphBuilder divided = builder(features, shape[2], 2 * memory, threads);
            assertArrayEquals(expected, merged(divided, count), what + ", " + count + " parts");
          }
        }
      }
    }
    assertTrue(files().stream().noneMatch(name -> name.startsWith(".")), files().toString());
  }

  private List<Path> parts(KnnGraphBuilder builder, int count) throws IOException {
    List<Path> parts = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      Path part = folder.resolve("part-" + i + ".knn");
      builder.build(new GraphPart(i, count), part, false, Progress.NONE);
      parts.add(part);
    }
    return parts;
  }

  private byte[] merged(KnnGraphBuilder builder, int count) throws IOException {
    List<Path> parts = parts(builder, count);
    Collections.shuffle(parts, random);
    Path target = folder.resolve("merged.knn");
    KnnGraph.merge(parts, target, Progress.NONE);
    return Files.readAllBytes(target);
  }

  @Test
  void partsThatDoNotFitTogetherAreRefused() throws IOException {
    try (Tensor features = RandomData.gaussian(random, 300, 4);
        Tensor others = RandomData.gaussian(random, 300, 4)) {
      KnnGraphBuilder builder = builder(features, 5, ENOUGH, 2);
      List<Path> parts = parts(builder, 4);
      Path whole = folder.resolve("whole.knn");
      whole(builder, whole);
      assertRefused(BadInputException.class, "1/4, 3/4", parts.get(1), parts.get(3));
      assertRefused(
          BadInputException.class, "both part 2/4", parts.get(1), parts.get(0), parts.get(1));
      assertRefused(BadInputException.class, "whole graph", parts.get(0), whole);
      assertRefused(BadInputException.class, "no parts");

      Path foreign = folder.resolve("foreign.knn");
      Provenance provenance =
          Provenance.here("graph", Map.of("engine", "vector"), Map.of("bank", "cd"), 0, "cpu");
      KnnEngine.Request request = new KnnEngine.Request(FeatureRows.of(others), 5, ENOUGH, 1);
      new KnnGraphBuilder(engine, request, provenance)
          .build(new GraphPart(2, 4), foreign, false, Progress.NONE);
      assertRefused(IncompatibleException.class, "bank is ab and cd", parts.get(0), foreign);
      builder(features, 6, ENOUGH, 1).build(new GraphPart(2, 4), foreign, false, Progress.NONE);
      assertRefused(IncompatibleException.class, "neighbors is 5 and 6", parts.get(0), foreign);
      builder.build(new GraphPart(2, 3), foreign, false, Progress.NONE);
      assertRefused(
          IncompatibleException.class, "number of parts is 4 and 3", parts.get(0), foreign);

      byte[] bytes = Files.readAllBytes(parts.get(2));
      bytes[4096 + 333] ^= 4;
      Files.write(parts.get(2), bytes);
      assertRefused(CorruptFileException.class, "part-3.knn", parts.toArray(Path[]::new));
      assertTrue(
          assertThrows(BadInputException.class, () -> KnnGraph.open(parts.get(0)))
              .getMessage()
              .contains("part 1/4"));
    }
  }

  private <E extends Exception> void assertRefused(Class<E> type, String what, Path... parts) {
    Path target = folder.resolve("refused.knn");
    E e = assertThrows(type, () -> KnnGraph.merge(List.of(parts), target, Progress.NONE), what);
    assertTrue(e.getMessage().contains(what), e.getMessage());
    assertFalse(Files.exists(target));
  }

  @Test
  void thereAreNoMorePartsThanRows() throws IOException {
    assertThrows(BadInputException.class, () -> new GraphPart(0, 3));
    assertThrows(BadInputException.class, () -> new GraphPart(4, 3));
    for (String text : List.of("", "1", "1/", "a/b", "1/2/3", "-1/2", "1/99999999999")) {
      assertThrows(BadInputException.class, () -> GraphPart.parse(text), text);
    }
    assertEquals(new GraphPart(3, 17), GraphPart.parse(new GraphPart(3, 17).toString()));
    try (Tensor features = RandomData.gaussian(random, 4, 2)) {
      assertThrows(BadInputException.class, () -> parts(builder(features, 2, ENOUGH, 1), 5));
    }
  }

  // ---- stop and resume

  @Test
  void stoppedAtRandomPointsItGoesOn() throws IOException {
    Path undisturbed = folder.resolve("undisturbed.knn");
    KillableBuild.build(undisturbed, ENOUGH, Progress.NONE);
    Path target = folder.resolve("g.knn");
    CancelledAfter all = new CancelledAfter(Long.MAX_VALUE);
    KillableBuild.build(target, KillableBuild.littleMemory(), all);
    Files.delete(target);
    long left = all.promised();
    for (int stop = 0; stop < 20; stop++) {
      CancelledAfter stopping = new CancelledAfter(1 + random.nextLong(all.promised() / 25));
      assertThrows(
          CancelledException.class,
          () -> KillableBuild.build(target, KillableBuild.littleMemory(), stopping));
      assertTrue(stopping.promised() <= left, "seed " + seed);
      left = stopping.promised();
      assertFalse(Files.exists(target));
    }
    assertTrue(left < all.promised(), "nothing was kept, seed " + seed);
    KillableBuild.build(target, KillableBuild.littleMemory(), Progress.NONE);
    assertArrayEquals(Files.readAllBytes(undisturbed), Files.readAllBytes(target), "seed " + seed);
    assertEquals(List.of("g.knn", "undisturbed.knn"), files());
  }

  @Test
  void killedAtRandomPointsItGoesOn() throws Exception {
    Path undisturbed = folder.resolve("undisturbed.knn");
    assertEquals(0, run(undisturbed, OptionalInt.empty()), this::errors);
    Path target = folder.resolve("g.knn");
    for (int kill = 0; kill < 20; kill++) {
      // Each run does some more units, 20 of them not all.
      int tiles = random.nextInt(12);
      assertNotEquals(0, run(target, OptionalInt.of(tiles)), "too late, seed " + seed);
    }
    assertTrue(Files.exists(folder.resolve(".g.knn.journal")), "nothing was kept, seed " + seed);
    assertEquals(0, run(target, OptionalInt.empty()), this::errors);
    assertArrayEquals(Files.readAllBytes(undisturbed), Files.readAllBytes(target), "seed " + seed);
    assertEquals(List.of("errors", "g.knn", "undisturbed.knn"), files());
  }

  private String errors() {
    try {
      return Files.readString(folder.resolve("errors")) + "seed " + seed;
    } catch (IOException e) {
      return e + ", seed " + seed;
    }
  }

  /** Builds in a process, which is killed after so many tiles; returns its exit code. */
  private int run(Path target, OptionalInt tiles) throws Exception {
    Path errors = folder.resolve("errors");
    Process process = KillableBuild.start(target, tiles.isPresent(), errors.toFile());
    try (InputStream dots = process.getInputStream()) {
      if (tiles.isPresent()) {
        dots.skipNBytes(tiles.getAsInt());
        process.toHandle().destroyForcibly(); // Process would close the stream as well
      }
      dots.transferTo(OutputStream.nullOutputStream());
      return process.waitFor();
    } finally {
      process.destroyForcibly();
    }
  }

  /** Leaves an unfinished search in the folder. */
  private void begin(KnnGraphBuilder builder, Path target) {
    CancelledAfter stopping = new CancelledAfter(8); // of fifteen tiles and more
    assertThrows(
        CancelledException.class, () -> builder.build(GraphPart.WHOLE, target, false, stopping));
  }

  @Test
  void anotherRequestIsRefusedOrStartsOver() throws IOException {
    Path target = folder.resolve("g.knn");
    try (Tensor features = RandomData.gaussian(random, 1500, 6)) {
      long memory = TestEngines.leastMemory(engine, features, 8, 2);
      begin(builder(features, 8, memory, 2), target);
      assertEquals(List.of(".g.knn.candidates", ".g.knn.journal"), files());
      KnnGraphBuilder other = builder(features, 9, ENOUGH, 2);
      IncompatibleException e =
          assertThrows(IncompatibleException.class, () -> whole(other, target));
      assertTrue(e.getMessage().contains("its neighbors is 8, not 9"), e.getMessage());
      assertTrue(e.getMessage().contains("--overwrite"), e.getMessage());
      other.build(GraphPart.WHOLE, target, true, Progress.NONE);
      assertArrayEquals(inMemory(features, 9), Files.readAllBytes(target));
      Files.delete(target);

      // The same request, with other threads and more memory.
      begin(builder(features, 8, memory, 2), target);
      CancelledAfter none = new CancelledAfter(Long.MAX_VALUE);
      builder(features, 8, ENOUGH, 1).build(GraphPart.WHOLE, target, true, none);
      assertArrayEquals(inMemory(features, 8), Files.readAllBytes(target));
      Files.delete(target);

      begin(builder(features, 8, memory, 2), target);
      KnnGraphBuilder.discard(target);
      assertEquals(List.of("in-memory.knn"), files());
    }
  }

  @Test
  void largeStripsNeedTheirMemoryAgain() throws IOException {
    Path target = folder.resolve("g.knn");
    try (Tensor features = RandomData.gaussian(random, 1500, 6)) {
      long least = TestEngines.leastMemory(engine, features, 40, 1);
      begin(builder(features, 40, least * 3 / 2, 1), target);
      BadInputException e =
          assertThrows(
              BadInputException.class, () -> whole(builder(features, 40, least, 1), target));
      assertTrue(e.getMessage().contains("to go on"), e.getMessage());
    }
  }

  @Test
  void aTornJournalLosesUnitsAndNothingElse() throws IOException {
    Path target = folder.resolve("g.knn");
    Path journal = folder.resolve(".g.knn.journal");
    try (Tensor features = RandomData.gaussian(random, 1000, 3)) {
      KnnGraphBuilder builder =
          builder(features, 4, TestEngines.leastMemory(engine, features, 4, 2), 2);
      byte[] expected = inMemory(features, 4);
      for (int kept : new int[] {0, 10, -12, -1}) { // from the beginning, from the end
        begin(builder, target);
        byte[] bytes = Files.readAllBytes(journal);
        Files.write(journal, Arrays.copyOf(bytes, kept < 0 ? bytes.length + kept : kept));
        assertArrayEquals(expected, whole(builder, target), kept + " bytes, seed " + seed);
        Files.delete(target);
      }
    }
  }

  @Test
  void damagedCandidatesAreFound() throws IOException {
    Path target = folder.resolve("g.knn");
    Path candidates = folder.resolve(".g.knn.candidates");
    try (Tensor features = RandomData.gaussian(random, 1000, 3)) {
      KnnGraphBuilder builder =
          builder(features, 4, TestEngines.leastMemory(engine, features, 4, 2), 2);
      begin(builder, target);
      byte[] bytes = Files.readAllBytes(candidates);
      for (byte[] damaged : List.of(new byte[bytes.length], Arrays.copyOf(bytes, 100))) {
        Files.write(candidates, damaged);
        CorruptFileException e =
            assertThrows(CorruptFileException.class, () -> whole(builder, target));
        assertTrue(e.getMessage().contains(".g.knn.candidates"), e.getMessage());
      }
    }
  }

  @Test
  void aJournalOfNonsenseWithGoodChecksumsIsDamaged() throws IOException {
    Path target = folder.resolve("g.knn");
    Path journal = folder.resolve(".g.knn.journal");
    try (Tensor features = RandomData.gaussian(random, 1000, 3)) {
      KnnGraphBuilder builder =
          builder(features, 4, TestEngines.leastMemory(engine, features, 4, 2), 2);
      begin(builder, target);
      List<String> lines = Files.readAllLines(journal);
      String header = payload(lines.getFirst());
      for (List<String> nonsense :
          List.of(
              List.of("null", "1"),
              List.of("{\"version\" 2}", "1"),
              List.of("{}", "1"),
              List.of(header.replaceFirst("\"strip-rows\":\\d+", "\"strip-rows\":0"), "1"),
              List.of(header.replaceFirst("\"strip-rows\":\\d+", "\"strip-rows\":1e40"), "1"),
              List.of(header, "many"),
              List.of(header, "-1"),
              List.of(header, "2", "1"),
              List.of(header, Long.toString(Long.MAX_VALUE)))) {
        StringBuilder text = new StringBuilder();
        for (String line : nonsense) {
          text.append("%s\t%08x\n".formatted(line, Hashes.crc32c(line)));
        }
        Files.writeString(journal, text);
        CorruptFileException e =
            assertThrows(
                CorruptFileException.class, () -> whole(builder, target), nonsense.toString());
        assertTrue(e.getMessage().contains(".g.knn.journal"), e.getMessage());
      }
    }
  }

  private static String payload(String line) {
    return line.substring(0, line.lastIndexOf('\t'));
  }

  @Test
  void rowsThatAreNotFiniteLeaveNothingBehind() throws IOException {
    try (Tensor features = RandomData.gaussian(random, 100, 3)) {
      features.set(77 * 3 + 1, Float.NaN);
      BadInputException e =
          assertThrows(
              BadInputException.class,
              () -> whole(builder(features, 4, ENOUGH, 2), folder.resolve("g.knn")));
      assertTrue(e.getMessage().contains("row 77 "), e.getMessage());
      assertEquals(List.of(), files());
    }
  }

  @Test
  void twoSearchesForOneFileDoNotMix() throws IOException {
    Path target = folder.resolve("g.knn");
    try (Tensor features = RandomData.gaussian(random, 500, 3)) {
      KnnGraphBuilder builder = builder(features, 4, ENOUGH, 2);
      Progress second =
          (name, total, unit) -> {
            if (name.equals("graph")) {
              BadInputException e =
                  assertThrows(BadInputException.class, () -> whole(builder, target));
              assertTrue(e.getMessage().contains("another search"), e.getMessage());
            }
            return Progress.Task.NONE;
          };
      builder.build(GraphPart.WHOLE, target, false, second);
      assertArrayEquals(inMemory(features, 4), Files.readAllBytes(target));
    }
  }
}
