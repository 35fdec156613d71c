package dev.eigenseg.api.bank;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.TestSeed;
import dev.eigenseg.api.tensor.DType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BankMergeTest {
  private static final int IMAGES = 11;

  @TempDir Path folder;

  private Path bank(String name, DType dtype, List<Integer> images) throws IOException {
    Path bank = folder.resolve(name);
    try (FeatureBankWriter writer =
        FeatureBankWriter.open(bank, SyntheticBank.settings(dtype), SyntheticBank.PROVENANCE)) {
      for (int image : images) {
        SyntheticBank.append(writer, image);
      }
      writer.finish(Progress.NONE);
    }
    return bank;
  }

  private static List<Integer> byPath() {
    return IntStream.range(0, IMAGES)
        .boxed()
        .sorted(Comparator.comparing(SyntheticBank::path))
        .toList();
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16"})
  void shardsBecomeTheBankOfOneMachine(DType dtype) throws IOException {
    Path single = bank("single", dtype, byPath());
    Random random = TestSeed.random();
    for (int count : new int[] {1, 4}) {
      List<Integer> images = new ArrayList<>(byPath());
      Collections.shuffle(images, random);
      List<Path> shards = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        List<Integer> share = images.subList(i * IMAGES / count, (i + 1) * IMAGES / count);
        shards.add(bank("shard-%d-of-%d".formatted(i, count), dtype, share));
      }
      Path merged = folder.resolve("merged-" + count);
      FeatureBank.merge(shards, merged, Progress.NONE);
      assertEquals(SyntheticBank.content(single), SyntheticBank.content(merged));
      try (FeatureBank bank = FeatureBank.open(merged)) {
        bank.verify(Progress.NONE);
      }
    }
  }

  @Test
  void refusesAnImageThatIsInTwoShards() throws IOException {
    Path one = bank("one", DType.F32, List.of(1, 2));
    Path two = bank("two", DType.F32, List.of(3, 2));
    Exception refusal = refused(BadInputException.class, one, two);
    assertEquals(
        "%s is in %s and in %s; leave one of these shards out"
            .formatted(SyntheticBank.path(2), one, two),
        refusal.getMessage());
  }

  @Test
  void refusesShardsOfOtherSettings() throws IOException {
    Path one = bank("one", DType.F32, List.of(1));
    Path two = bank("two", DType.F16, List.of(2));
    Exception refusal = refused(IncompatibleException.class, one, two);
    assertEquals(
        "%s and %s are shards of different banks: --dtype is F32 and F16; join shards of one backbone with the same settings"
            .formatted(one, two),
        refusal.getMessage());
  }

  @Test
  void refusesFeaturesThatHaveChanged() throws IOException {
    Path one = bank("one", DType.F32, List.of(1, 2));
    try (RandomAccessFile file =
        new RandomAccessFile(one.resolve("mid-00000.bank").toFile(), "rw")) {
      file.seek(LevelLayout.HEADER_BYTES);
      file.write(file.read() ^ 1);
    }
    Exception refusal = refused(CorruptFileException.class, one);
    assertTrue(
        refusal
            .getMessage()
            .startsWith("%s: checksum of %s, mid, is ".formatted(one, SyntheticBank.path(1))),
        refusal.getMessage());
  }

  @Test
  void replacesNothing() throws IOException {
    Path one = bank("one", DType.F32, List.of(1));
    Path there = bank("merged", DType.F32, List.of(2));
    var before = SyntheticBank.content(there);
    assertThrows(
        BadInputException.class, () -> FeatureBank.merge(List.of(one), there, Progress.NONE));
    assertEquals(before, SyntheticBank.content(there));
  }

  private <E extends Exception> E refused(Class<E> kind, Path... shards) throws IOException {
    Path merged = folder.resolve("merged");
    List<Path> before = files();
    E refusal = assertThrows(kind, () -> FeatureBank.merge(List.of(shards), merged, Progress.NONE));
    assertFalse(Files.exists(merged));
    assertEquals(before, files());
    return refusal;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.sorted().toList();
    }
  }
}
