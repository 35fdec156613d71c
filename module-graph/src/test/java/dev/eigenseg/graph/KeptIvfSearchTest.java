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
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Approximate searches into files: in any memory, in parts, stopped, killed. */
class KeptIvfSearchTest {
  private static final long ENOUGH = 1L << 30;
  private final KnnEngine engine = KnnEngines.select("vector", KnnIndex.Kind.IVF);
  private final long seed = TestSeed.next();
  private final Random random = new Random(seed);

  @TempDir Path folder;

  private KnnGraphBuilder builder(
      FeatureRows features, int k, KnnIndex index, long memory, int threads) {
    return new KnnGraphBuilder(
        engine,
        new KnnEngine.Request(features, k, memory, threads, index),
        KillableBuild.PROVENANCE);
  }

  private byte[] whole(KnnGraphBuilder builder) throws IOException {
    return whole(builder, Optional.empty());
  }

  private byte[] whole(KnnGraphBuilder builder, Optional<Path> lists) throws IOException {
    Path target = folder.resolve("g.knn");
    builder.build(GraphPart.WHOLE, target, lists, false, Progress.NONE);
    byte[] bytes = Files.readAllBytes(target);
    Files.delete(target);
    return bytes;
  }

  private List<Path> parts(KnnGraphBuilder builder, int count, Optional<Path> lists)
      throws IOException {
    List<Path> parts = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      Path part = folder.resolve("part-" + i + ".knn");
      builder.build(new GraphPart(i, count), part, lists, true, Progress.NONE);
      parts.add(part);
    }
    return parts;
  }

  private byte[] merged(KnnGraphBuilder builder, int count, Optional<Path> lists)
      throws IOException {
    List<Path> parts = parts(builder, count, lists);
    Collections.shuffle(parts, random);
    Path target = folder.resolve("merged.knn");
    KnnGraph.merge(parts, target, Progress.NONE);
    byte[] bytes = Files.readAllBytes(target);
    Files.delete(target);
    return bytes;
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** The least memory with which lists that are there are joined, as the search says itself. */
  private long leastMemory(FeatureRows features, int k, KnnIndex index, int threads, Path lists)
      throws IOException {
    Pattern pattern = Pattern.compile("at least ([0-9,]+) bytes");
    for (long memory = 1; ; ) {
      try {
        whole(builder(features, k, index, memory, threads), Optional.of(lists));
        return memory;
      } catch (BadInputException e) {
        Matcher bytes = pattern.matcher(e.getMessage());
        assertTrue(bytes.find(), e.getMessage());
        memory = Long.parseLong(bytes.group(1).replace(",", ""));
      }
    }
  }

  /** Rows around a few directions, with some duplicates and zero rows. */
  private Tensor clustered(int rows, int dim) {
    Tensor features = RandomData.gaussian(random, rows, dim);
    try (Tensor centers = RandomData.gaussian(random, 12, dim)) {
      for (long row = 0; row < rows; row++) {
        long center = random.nextInt(12);
        for (long c = 0; c < dim; c++) {
          float value = 0.5f * features.get(row * dim + c) + centers.get(center * dim + c);
          features.set(row * dim + c, row % 50 == 7 ? 0 : row % 50 == 9 ? c : value);
        }
      }
    }
    return features;
  }

  /** The rows rounded to float16, said to be so. */
  private record HalfRows(Tensor values, boolean half) implements FeatureRows {
    HalfRows {
      long bytes = values.size() * Short.BYTES;
      try (Tensor halves = Tensor.allocate(DType.F16, values.size())) {
        VectorMath.best().f32ToF16(values.segment(), 0, halves.segment(), 0, bytes / Short.BYTES);
        VectorMath.best().f16ToF32(halves.segment(), 0, values.segment(), 0, bytes / Short.BYTES);
      }
    }

    @Override
    public long rows() {
      return values.size(0);
    }

    @Override
    public int dim() {
      return (int) values.size(1);
    }

    @Override
    public void read(long first, long count, MemorySegment target) throws IOException {
      FeatureRows.of(values).read(first, count, target);
    }
  }

  @Test
  void anyMemoryThreadsAndPartsGiveTheBytesOfASearchInMemory() throws IOException {
    List<KnnIndex> indexes =
        List.of(
            KnnIndex.ivf(60, 5, 1 << 20, false),
            KnnIndex.ivf(40, 3, 1500, true),
            KnnIndex.of(KnnIndex.Kind.IVF).withRecall(0.9),
            KnnIndex.of(KnnIndex.Kind.IVF));
    for (KnnIndex index : indexes) {
      int rows = 3000 + random.nextInt(2000);
      try (Tensor features = clustered(rows, 5 + random.nextInt(20))) {
        FeatureRows source = FeatureRows.of(features);
        byte[] expected = whole(builder(source, 11, index, ENOUGH, 2));
        Optional<Path> lists = Optional.of(folder.resolve("lists"));
        builder(source, 11, index, ENOUGH, 2).prepare(lists.orElseThrow(), Progress.NONE);
        for (int threads : new int[] {1, 3}) {
          long least = leastMemory(source, 11, index, threads, lists.orElseThrow());
          for (long memory : new long[] {least, least * 5 / 4, ENOUGH}) {
            String what =
                "%s, %d threads, %d bytes, seed %d".formatted(index, threads, memory, seed);
            KnnGraphBuilder builder = builder(source, 11, index, memory, threads);
            assertArrayEquals(expected, whole(builder, lists), what);
            assertArrayEquals(expected, merged(builder, 2 + random.nextInt(4), lists), what);
          }
        }
        Files.delete(lists.orElseThrow());
        KnnGraphBuilder alone = builder(source, 11, index, ENOUGH, 2);
        assertArrayEquals(expected, merged(alone, 2, Optional.empty()), index + ", seed " + seed);
      }
    }
    assertTrue(files().stream().noneMatch(name -> name.startsWith(".")), files().toString());
  }

  @Test
  void fewRowsAreSearchedInFilesToo() throws IOException {
    int[][] shapes = {{2, 1, 1, 1}, {3, 5, 2, 3}, {97, 7, 1, 9}, {300, 4, 299, 7}};
    for (int[] shape : shapes) {
      KnnIndex index = KnnIndex.ivf(shape[3], 1, 1 << 20, false);
      try (Tensor features = RandomData.gaussian(random, shape[0], shape[1])) {
        KnnGraphBuilder builder = builder(FeatureRows.of(features), shape[2], index, ENOUGH, 2);
        byte[] expected = whole(builder);
        String what = Arrays.toString(shape) + ", seed " + seed;
        Path lists = folder.resolve("lists");
        assertArrayEquals(expected, whole(builder, Optional.of(lists)), what);
        assertArrayEquals(expected, merged(builder, 2, Optional.of(lists)), what);
        Files.delete(lists);
      }
    }
  }

  @Test
  void rowsThatMeetTooFewLookEverywhereOnce() throws IOException {
    try (Tensor features = clustered(1500, 6)) {
      FeatureRows source = FeatureRows.of(features);
      KnnIndex index = KnnIndex.ivf(300, 2, 1 << 20, false);
      byte[] expected = whole(builder(source, 40, index, ENOUGH, 2));
      Path lists = folder.resolve("lists");
      builder(source, 40, index, ENOUGH, 2).prepare(lists, Progress.NONE);
      long least = leastMemory(source, 40, index, 2, lists);
      KnnGraphBuilder small = builder(source, 40, index, least, 2);
      assertArrayEquals(expected, whole(small, Optional.of(lists)), "seed " + seed);
      KnnGraphBuilder divided = builder(source, 40, index, ENOUGH, 1);
      assertArrayEquals(expected, merged(divided, 3, Optional.empty()), "seed " + seed);
    }
  }

  @Test
  void halfRowsAreKeptInHalfWithoutLoss() throws IOException {
    KnnIndex index = KnnIndex.ivf(30, 3, 1 << 20, false);
    try (Tensor features = clustered(2500, 13)) {
      FeatureRows single = new HalfRows(features, false);
      FeatureRows half = new HalfRows(features, true);
      byte[] expected = whole(builder(single, 7, index, ENOUGH, 2));
      Path[] lists = {folder.resolve("single"), folder.resolve("half")};
      KnnGraphBuilder kept = builder(half, 7, index, ENOUGH, 2);
      assertArrayEquals(expected, merged(kept, 2, Optional.of(lists[1])), "seed " + seed);
      builder(single, 7, index, ENOUGH, 2).prepare(lists[0], Progress.NONE);
      assertTrue(Files.size(lists[0]) > Files.size(lists[1]));
    }
  }

  @Test
  void aLargeListIsCutByStrips() throws IOException {
    try (Tensor features = Tensor.allocate(DType.F32, 4000, 3)) {
      for (long row = 0; row < 4000; row++) {
        features.set(row * 3 + (row % 10 == 0 ? 1 : 0), 1);
      }
      FeatureRows source = FeatureRows.of(features);
      KnnIndex index = KnnIndex.ivf(25, 2, 1 << 20, false);
      byte[] expected = whole(builder(source, 9, index, ENOUGH, 2));
      Optional<Path> lists = Optional.of(folder.resolve("lists"));
      builder(source, 9, index, ENOUGH, 2).prepare(lists.orElseThrow(), Progress.NONE);
      long least = leastMemory(source, 9, index, 2, lists.orElseThrow());
      KnnGraphBuilder small = builder(source, 9, index, least, 2);
      assertArrayEquals(expected, whole(small, lists));
      assertArrayEquals(expected, merged(small, 4, lists));
    }
  }

  // ---- bad input

  private <E extends Exception> void assertRefused(Class<E> type, String what, Path... parts) {
    Path target = folder.resolve("refused.knn");
    E e = assertThrows(type, () -> KnnGraph.merge(List.of(parts), target, Progress.NONE), what);
    assertTrue(e.getMessage().contains(what), e.getMessage());
    assertFalse(Files.exists(target));
  }

  @Test
  void partsAndListsThatDoNotFitTogetherAreRefused() throws IOException {
    KnnIndex index = KnnIndex.ivf(30, 3, 1 << 20, false);
    try (Tensor features = clustered(1500, 8)) {
      FeatureRows source = FeatureRows.of(features);
      Path lists = folder.resolve("lists");
      KnnGraphBuilder builder = builder(source, 7, index, ENOUGH, 2);
      List<Path> parts = parts(builder, 3, Optional.of(lists));
      assertEquals(List.of("lists", "part-1.knn", "part-2.knn", "part-3.knn"), files());
      assertRefused(BadInputException.class, "1/3", parts.get(1), parts.get(2));
      assertRefused(
          BadInputException.class, "both part 2/3", parts.get(1), parts.get(0), parts.get(1));

      Path foreign = folder.resolve("foreign.knn");
      builder(source, 7, KnnIndex.EXACT, ENOUGH, 2)
          .build(new GraphPart(2, 3), foreign, false, Progress.NONE);
      assertRefused(IncompatibleException.class, "exact is false and true", parts.get(0), foreign);
      KnnIndex other = KnnIndex.ivf(31, 3, 1 << 20, false);
      builder(source, 7, other, ENOUGH, 2).build(new GraphPart(2, 3), foreign, true, Progress.NONE);
      assertRefused(IncompatibleException.class, "lists is 30 and 31", parts.get(0), foreign);

      KnnGraphBuilder more = builder(source, 8, index, ENOUGH, 2);
      IncompatibleException e =
          assertThrows(
              IncompatibleException.class,
              () ->
                  more.build(
                      new GraphPart(1, 3),
                      folder.resolve("x.knn"),
                      Optional.of(lists),
                      false,
                      Progress.NONE));
      assertTrue(e.getMessage().contains("neighbors is 7, not 8"), e.getMessage());
      assertTrue(e.getMessage().contains("lists"), e.getMessage());
      assertFalse(Files.exists(folder.resolve("x.knn")));

      byte[] bytes = Files.readAllBytes(lists);
      for (int at : new int[] {3, 40, 5000, bytes.length / 2, bytes.length - 5}) {
        byte[] damaged = bytes.clone();
        damaged[at] ^= 4;
        assertListsRefused(damaged, builder, lists);
      }
      for (int length : new int[] {0, 100, 4096, bytes.length - 1}) {
        assertListsRefused(Arrays.copyOf(bytes, length), builder, lists);
      }
      for (int at = 16; at < 48; at += 4) { // numbers of the header, with a checksum that holds
        for (int value : new int[] {0, -1, 1 << 30}) {
          assertListsRefused(withNumber(bytes, at, value), builder, lists);
        }
      }
    }
  }

  private static byte[] withNumber(byte[] bytes, int at, int value) {
    byte[] changed = bytes.clone();
    ByteBuffer buffer = ByteBuffer.wrap(changed).order(ByteOrder.nativeOrder());
    boolean same = buffer.getInt(at) == value; // the upper half of a small number
    buffer.putInt(at, same ? 1 << 20 : value);
    MemorySegment header = MemorySegment.ofArray(changed).asSlice(0, 4092);
    buffer.putInt(4092, Hashes.crc32c(header));
    return changed;
  }

  private void assertListsRefused(byte[] bytes, KnnGraphBuilder builder, Path lists)
      throws IOException {
    Files.write(lists, bytes);
    Path target = folder.resolve("x.knn");
    CorruptFileException e =
        assertThrows(
            CorruptFileException.class,
            () ->
                builder.build(
                    new GraphPart(1, 3), target, Optional.of(lists), true, Progress.NONE));
    assertTrue(e.getMessage().startsWith(lists.toString()), e.getMessage());
    assertFalse(Files.exists(target));
    KnnGraphBuilder.discard(target);
  }

  @Test
  void theRecallOfPartsIsMeasuredWhenTheyAreJoined() throws IOException {
    KnnIndex index = KnnIndex.of(KnnIndex.Kind.IVF).withRecall(0.9);
    try (Tensor features = clustered(4000, 16)) {
      KnnGraphBuilder builder = builder(FeatureRows.of(features), 10, index, ENOUGH, 2);
      List<Path> parts = parts(builder, 2, Optional.empty());
      assertTrue(KnnGraphInfo.read(parts.getFirst()).recall().isEmpty());
      Path target = folder.resolve("merged.knn");
      KnnGraph.merge(parts, target, Progress.NONE);
      KnnGraphInfo merged = KnnGraphInfo.read(target);
      assertFalse(merged.exact());
      double recall = merged.recall().orElseThrow().fraction();
      assertTrue(recall > 0.85 && recall <= 1, recall + ", seed " + seed);
    }
  }

  // ---- stop and resume

  @Test
  void whatOtherSearchesForTheSameFileHaveLeftIsDeleted() throws IOException {
    Path target = folder.resolve("g.knn");
    for (String kind : List.of("", ".sample", ".sorted", ".ranked", ".unfinished")) {
      Files.writeString(folder.resolve(".g.knn.lists" + kind), "of another search");
    }
    try (Tensor features = clustered(300, 8)) {
      FeatureRows source = FeatureRows.of(features);
      builder(source, 7, KnnIndex.EXACT, ENOUGH, 2)
          .build(GraphPart.WHOLE, target, false, Progress.NONE);
      assertEquals(List.of("g.knn"), files());
    }
  }

  @Test
  void anInterruptedSearchKeepsNoLock() throws IOException {
    Path target = folder.resolve("g.knn");
    long memory = KillableIvf.littleMemory(folder);
    Progress interrupting =
        (name, total, unit) -> {
          if (name.equals("graph")) {
            Thread.currentThread().interrupt();
          }
          return Progress.Task.NONE;
        };
    assertThrows(Exception.class, () -> KillableIvf.build(target, memory, interrupting));
    assertTrue(Thread.interrupted(), "cleared for what follows");
    KillableIvf.build(target, memory, Progress.NONE);
    assertEquals(List.of("g.knn"), files());
  }

  @Test
  void stoppedAtRandomPointsItGoesOn() throws IOException {
    Path undisturbed = folder.resolve("undisturbed.knn");
    KillableIvf.build(undisturbed, ENOUGH, Progress.NONE);
    Path target = folder.resolve("g.knn");
    long memory = KillableIvf.littleMemory(folder);
    CancelledAfter inMemory = new CancelledAfter(Long.MAX_VALUE);
    KillableIvf.build(target, ENOUGH, inMemory);
    CancelledAfter all = new CancelledAfter(Long.MAX_VALUE);
    KillableIvf.build(target, memory, all);
    Files.delete(target);
    assertTrue(all.promised() > 3 * inMemory.promised(), "hardly any strips: " + all.promised());
    assertThrows(
        CancelledException.class,
        () -> KillableIvf.build(target, memory, new CancelledAfter(0))); // before there are lists
    assertEquals(List.of("undisturbed.knn"), files());
    long left = all.promised();
    for (int stop = 0; stop < 10; stop++) {
      CancelledAfter stopping = new CancelledAfter(1 + random.nextLong(all.promised() / 12));
      assertThrows(CancelledException.class, () -> KillableIvf.build(target, memory, stopping));
      assertTrue(stopping.searched() && stopping.promised() <= left, "seed " + seed);
      left = stopping.promised();
      assertFalse(Files.exists(target));
      assertTrue(files().contains(".g.knn.lists"), files().toString());
    }
    assertTrue(left < all.promised(), "nothing was kept, seed " + seed);
    KillableIvf.build(target, memory, Progress.NONE);
    assertArrayEquals(Files.readAllBytes(undisturbed), Files.readAllBytes(target), "seed " + seed);
    assertEquals(List.of("g.knn", "undisturbed.knn"), files());
  }

  @Test
  void killedAtRandomPointsItGoesOn() throws Exception {
    Path undisturbed = folder.resolve("undisturbed.knn");
    assertEquals(0, run(undisturbed, ENOUGH, OptionalInt.empty()), this::errors);
    Path target = folder.resolve("g.knn");
    long memory = KillableIvf.littleMemory(folder);
    for (int kill = 0; kill < 8; kill++) {
      // Some die before there are lists.
      assertNotEquals(0, run(target, memory, OptionalInt.of(random.nextInt(60))), "seed " + seed);
    }
    assertEquals(0, run(target, memory, OptionalInt.empty()), this::errors);
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

  /** Builds in a process, which is killed after so many dots; returns its exit code. */
  private int run(Path target, long memory, OptionalInt dots) throws Exception {
    Path errors = folder.resolve("errors");
    Process process = KillableIvf.start(target, memory, dots.isPresent(), errors.toFile());
    try (InputStream output = process.getInputStream()) {
      if (dots.isPresent()) {
        output.skipNBytes(dots.getAsInt());
        process.toHandle().destroyForcibly(); // Process would close the stream as well
      }
      output.transferTo(OutputStream.nullOutputStream());
      return process.waitFor();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void anotherRequestIsRefusedOrStartsOver() throws IOException {
    Path target = folder.resolve("g.knn");
    long memory = KillableIvf.littleMemory(folder);
    assertThrows(
        CancelledException.class, () -> KillableIvf.build(target, memory, new CancelledAfter(5)));
    assertTrue(files().contains(".g.knn.lists"), files().toString());
    try (Tensor features = clustered(1500, 8)) {
      KnnIndex index = KnnIndex.ivf(30, 3, 1 << 20, false);
      KnnGraphBuilder other = builder(FeatureRows.of(features), 7, index, ENOUGH, 2);
      IncompatibleException e =
          assertThrows(
              IncompatibleException.class,
              () -> other.build(GraphPart.WHOLE, target, false, Progress.NONE));
      assertTrue(e.getMessage().contains("neighbors is"), e.getMessage());
      other.build(GraphPart.WHOLE, target, true, Progress.NONE);
      assertEquals(List.of("g.knn"), files());
    }
  }

  @Test
  void rowsThatAreNotFiniteLeaveNothingBehind() throws IOException {
    try (Tensor features = RandomData.gaussian(random, 900, 4)) {
      features.set(701 * 4, Float.NaN);
      KnnIndex index = KnnIndex.ivf(9, 2, 1 << 20, false);
      KnnGraphBuilder builder = builder(FeatureRows.of(features), 5, index, ENOUGH, 2);
      BadInputException e =
          assertThrows(BadInputException.class, () -> parts(builder, 2, Optional.empty()));
      assertTrue(e.getMessage().contains("row 701 "), e.getMessage());
      assertEquals(List.of(), files());
    }
  }
}
