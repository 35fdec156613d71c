package dev.eigenseg.api.bank;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CancelledException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.TestSeed;
import dev.eigenseg.api.UnavailableException;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FeatureBankTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16"})
  void holdsWhatWasAppended(DType dtype) throws IOException {
    SyntheticBank.extract(folder, dtype, 30);
    try (FeatureBank bank = FeatureBank.open(folder)) {
      assertEquals(30, bank.images().size());
      assertTrue(Files.exists(folder.resolve("high-00002.bank")), "rows straddle files");
      for (ImageEntry image : bank.images()) {
        assertEquals(SyntheticBank.path(image.id()), image.path());
        try (PatchFeatures features = bank.features(image);
            Tensor colors = bank.patchColors(image)) {
          Tensor[] levels = {features.low(), features.mid(), features.high(), colors};
          for (int level = 0; level < levels.length; level++) {
            float[] expected =
                SyntheticBank.values(image.id(), level, Math.toIntExact(levels[level].size(1)));
            if (level < 3 && dtype == DType.F16) {
              for (int i = 0; i < expected.length; i++) {
                expected[i] = Float.float16ToFloat(Float.floatToFloat16(expected[i]));
              }
            }
            assertArrayEquals(expected, levels[level].toFloats());
          }
          assertInverseNorms(bank, image, features.high());
        }
      }
      bank.verify(Progress.NONE);
    }
  }

  private static void assertInverseNorms(FeatureBank bank, ImageEntry image, Tensor high)
      throws IOException {
    float[] found = read(bank.level(Level.INVERSE_NORMS), image.firstRow(), image.patches());
    for (int row = 0; row < found.length; row++) {
      double squares = 0;
      for (int i = 0; i < high.size(1); i++) {
        squares += Math.pow(high.get(row * high.size(1) + i), 2);
      }
      assertEquals(1 / Math.sqrt(squares), found[row], 1e-6);
    }
  }

  private static float[] read(FeatureRows rows, long first, int count) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate((long) count * rows.dim() * Float.BYTES, 64);
      rows.read(first, count, target);
      return target.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @Test
  void readsAnyRunOfRowsFromAnyThread() throws IOException {
    SyntheticBank.extract(folder, DType.F16, 30);
    long seed = TestSeed.next();
    try (FeatureBank bank = FeatureBank.open(folder)) {
      FeatureRows high = bank.level(Level.HIGH);
      float[] all = read(high, 0, (int) high.rows());
      Parallel.forEach(
          4,
          200,
          task -> {
            Random random = new Random(seed + task);
            int first = random.nextInt((int) high.rows() + 1);
            int count = random.nextInt((int) high.rows() - first + 1);
            float[] expected = new float[count * high.dim()];
            System.arraycopy(all, first * high.dim(), expected, 0, expected.length);
            try {
              assertArrayEquals(expected, read(high, first, count), "seed " + seed);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      assertThrows(IndexOutOfBoundsException.class, () -> read(high, high.rows(), 1));
      assertThrows(IllegalArgumentException.class, () -> high.read(0, 2, MemorySegment.NULL));
    }
  }

  @Test
  void rowsCanBeAskedForAhead() throws IOException {
    SyntheticBank.extract(folder, DType.F16, 30);
    try (FeatureBank bank = FeatureBank.open(folder)) {
      FeatureRows high = bank.level(Level.HIGH);
      float[] expected = read(high, 0, (int) high.rows());
      high.prefetch(0, high.rows());
      assertArrayEquals(expected, read(high, 0, (int) high.rows()));
      assertThrows(IndexOutOfBoundsException.class, () -> high.prefetch(high.rows(), 1));
      Files.delete(folder.resolve("high-00001.bank"));
      assertThrows(CorruptFileException.class, () -> high.prefetch(0, high.rows()));
    }
  }

  @Test
  void scalesAreStandardDeviations() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 12);
    try (FeatureBank bank = FeatureBank.open(folder)) {
      for (Level level : List.of(Level.LOW, Level.MID, Level.HIGH)) {
        float[] all = read(bank.level(level), 0, (int) bank.rows());
        double mean = 0;
        for (float value : all) {
          mean += value / (double) all.length;
        }
        double variance = 0;
        for (float value : all) {
          variance += Math.pow(value - mean, 2) / all.length;
        }
        assertEquals(Math.sqrt(variance), bank.scale(level), 1e-5);
      }
      assertThrows(IllegalArgumentException.class, () -> bank.scale(Level.PIXELS));
    }
  }

  @Test
  void appendsToAFinishedBankLeaveTheSameBytes() throws IOException {
    SyntheticBank.extract(folder.resolve("once"), DType.F32, 9);
    for (int images = 1; images <= 9; images += 2) {
      SyntheticBank.extract(folder.resolve("steps"), DType.F32, images);
    }
    assertEquals(
        SyntheticBank.content(folder.resolve("once")),
        SyntheticBank.content(folder.resolve("steps")));
  }

  @Test
  void resumesAfterAKillAnywhere() throws IOException {
    Path undisturbed = folder.resolve("undisturbed");
    SyntheticBank.extract(undisturbed, DType.F16, 20);
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int trial = 0; trial < Integer.getInteger("eigenseg.trials", 24); trial++) {
      Path killed = folder.resolve("killed" + trial);
      // Every other trial dies while appending to a bank that had been finished.
      int finished = trial % 2 == 0 ? 0 : 7;
      long promised = ImageJournal.HEADER.length; // forced before the first row is written
      if (finished > 0) {
        SyntheticBank.extract(killed, DType.F16, finished);
        promised = Files.size(killed.resolve("images.tsv"));
      }
      try (FeatureBankWriter writer = open(killed, DType.F16)) {
        for (int i = finished; i < 20; i++) {
          SyntheticBank.append(writer, i);
        }
      }
      damageTails(killed, promised, random);
      SyntheticBank.extract(killed, DType.F16, 20);
      assertEquals(
          SyntheticBank.content(undisturbed),
          SyntheticBank.content(killed),
          "seed " + seed + ", trial " + trial);
    }
  }

  @Test
  void resumesAfterAKillWhileTheJournalBegan() throws IOException {
    Path undisturbed = folder.resolve("undisturbed");
    SyntheticBank.extract(undisturbed, DType.F32, 2);
    for (int length = 0; length <= ImageJournal.HEADER.length; length += 7) {
      Path killed = folder.resolve("killed" + length);
      open(killed, DType.F32).close();
      Files.write(killed.resolve("images.tsv"), Arrays.copyOf(ImageJournal.HEADER, length));
      SyntheticBank.extract(killed, DType.F32, 2);
      assertEquals(SyntheticBank.content(undisturbed), SyntheticBank.content(killed));
    }
  }

  /**
   * What a crash leaves: files end anywhere, and what lies after the last forced byte is anything;
   * the journal's columns and the lines of a finished bank stay.
   */
  private static void damageTails(Path bank, long promised, Random random) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(bank)) {
      files = all.filter(file -> !file.endsWith("manifest.json")).sorted().toList();
    }
    for (int i = 0; i < files.size(); i++) {
      Path file = files.get(i);
      if (random.nextInt(4) == 0) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          long kept = file.endsWith("images.tsv") ? promised : 0;
          channel.truncate(kept + random.nextLong(channel.size() - kept + 1));
        }
      }
      boolean last = i + 1 == files.size() || !stem(file).equals(stem(files.get(i + 1)));
      if (last && (Files.size(file) >= LevelLayout.HEADER_BYTES || file.endsWith("images.tsv"))) {
        byte[] garbage = new byte[random.nextInt(300)];
        random.nextBytes(garbage);
        Files.write(file, garbage, StandardOpenOption.APPEND);
      }
    }
  }

  private static String stem(Path file) {
    return file.getFileName().toString().replaceAll("-\\d+\\.bank", "");
  }

  @Test
  void linesThatAFinishedBankHasLostAreNotTakenForACrash() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 6);
    Path journal = folder.resolve("images.tsv");
    byte[] whole = Files.readAllBytes(journal);
    for (int length : new int[] {0, 20, whole.length / 2, whole.length - 1}) {
      Files.write(journal, Arrays.copyOf(whole, length));
      var before = SyntheticBank.content(folder);
      CorruptFileException found =
          assertThrows(CorruptFileException.class, () -> open(folder, DType.F32).close());
      assertTrue(found.getMessage().contains("images.tsv: offset"), found.getMessage());
      assertTrue(found.getMessage().contains("--overwrite"), found.getMessage());
      assertEquals(before, SyntheticBank.content(folder));
    }
    Files.write(journal, whole);
    SyntheticBank.extract(folder, DType.F32, 7);
  }

  @Test
  void aFailedCommitEndsTheWriting() throws IOException {
    SyntheticBank.extract(folder.resolve("undisturbed"), DType.F32, 5);
    Path bank = folder.resolve("bank");
    SyntheticBank.extract(bank, DType.F32, 2);
    FeatureBankWriter writer = open(bank, DType.F32);
    SyntheticBank.append(writer, 2);
    Thread.currentThread().interrupt(); // closes the channel that is being forced
    IOException failed = assertThrows(IOException.class, () -> writer.finish(Progress.NONE));
    assertTrue(Thread.interrupted());
    assertTrue(failed.getMessage().contains("run the same command again"), failed.getMessage());
    assertThrows(IOException.class, () -> SyntheticBank.append(writer, 3));
    assertThrows(IOException.class, () -> writer.finish(Progress.NONE));
    writer.close();
    SyntheticBank.extract(bank, DType.F32, 5);
    assertEquals(SyntheticBank.content(folder.resolve("undisturbed")), SyntheticBank.content(bank));
  }

  @Test
  void banksWithoutANoteOnNormalisationAreRead() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 2);
    Path file = folder.resolve("manifest.json");
    JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    JsonObject bank = json.getAsJsonObject("bank");
    assertEquals("backbone", bank.remove("pixel-normalisation").getAsString());
    sealed(json, file);
    FeatureBank.open(folder).close();
    bank.addProperty("pixel-normalisation", "other");
    sealed(json, file);
    assertThrows(CorruptFileException.class, () -> FeatureBank.open(folder));
  }

  private static void sealed(JsonObject json, Path file) throws IOException {
    CRC32C crc = new CRC32C();
    String content = json.get("bank").toString() + json.get("provenance");
    crc.update(content.getBytes(StandardCharsets.UTF_8));
    json.addProperty("crc32c", "%08x".formatted(crc.getValue()));
    Files.writeString(file, json.toString());
  }

  @Test
  void aTornJournalKeepsItsWholeLines() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 6);
    Path journal = folder.resolve("images.tsv");
    byte[] whole = Files.readAllBytes(journal);
    for (int length = 0; length < whole.length; length++) {
      if (length % 97 == 0) {
        Files.write(journal, Arrays.copyOf(whole, length));
        assertThrows(CorruptFileException.class, () -> FeatureBank.open(folder));
      }
      ImageJournal.Parsed parsed =
          ImageJournal.parse(journal, Arrays.copyOf(whole, length), Integer.MAX_VALUE);
      long newlines = 0;
      for (int i = 0; i < length; i++) {
        newlines += whole[i] == '\n' ? 1 : 0;
      }
      assertEquals(Math.max(0, newlines - 1), parsed.lines().size());
    }
  }

  @Test
  void anUnfinishedBankIsNotOpened() throws IOException {
    try (FeatureBankWriter writer = open(folder, DType.F32)) {
      assertThrows(BadInputException.class, () -> writer.finish(Progress.NONE));
      SyntheticBank.append(writer, 0);
    }
    BadInputException refused =
        assertThrows(BadInputException.class, () -> FeatureBank.open(folder));
    assertTrue(refused.getMessage().contains("run the same extract command again"));
    assertThrows(BadInputException.class, () -> FeatureBank.open(folder.resolve("none")));
  }

  @Test
  void aCrashWhileAppendingLeavesTheFinishedPart() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 4);
    try (FeatureBankWriter writer = open(folder, DType.F32)) {
      SyntheticBank.append(writer, 4);
    }
    try (FeatureBank bank = FeatureBank.open(folder)) {
      assertEquals(4, bank.images().size());
      bank.verify(Progress.NONE);
    }
  }

  private static FeatureBankWriter open(Path folder, DType dtype) throws IOException {
    return FeatureBankWriter.open(
        folder, SyntheticBank.settings(dtype), SyntheticBank.PROVENANCE, SyntheticBank.FILE_BYTES);
  }

  @Test
  void verifyFindsEveryFlippedBit() throws IOException {
    SyntheticBank.extract(folder, DType.F16, 9);
    long seed = TestSeed.next();
    Random random = new Random(seed);
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.sorted().toList();
    }
    for (Path file : files) {
      byte[] whole = Files.readAllBytes(file);
      for (int trial = 0; trial < 20; trial++) {
        byte[] flipped = whole.clone();
        flipped[random.nextInt(whole.length)] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, flipped);
        CorruptFileException found =
            assertThrows(
                CorruptFileException.class,
                () -> {
                  try (FeatureBank bank = FeatureBank.open(folder)) {
                    bank.verify(Progress.NONE);
                  }
                },
                () -> "seed " + seed + " " + file);
        assertTrue(found.getMessage().contains(file.getFileName().toString()), found.getMessage());
      }
      Files.write(file, whole);
    }
  }

  @Test
  void truncationAtAnyLengthIsFoundOnOpening() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 9);
    Path file = folder.resolve("pixels-00001.bank");
    long rows;
    try (FeatureBank bank = FeatureBank.open(folder)) {
      rows = bank.rows();
    }
    LevelLayout layout =
        LevelLayout.of(Level.PIXELS, SyntheticBank.settings(DType.F32), SyntheticBank.FILE_BYTES);
    LevelRows level = new LevelRows(layout, folder, rows, () -> {});
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (long length = channel.size() - 1; length >= 0; length--) {
        channel.truncate(length);
        CorruptFileException found = assertThrows(CorruptFileException.class, level::checkFiles);
        assertTrue(found.getMessage().contains("offset " + length), found.getMessage());
      }
    }
    assertThrows(CorruptFileException.class, () -> FeatureBank.open(folder));
    Files.delete(file);
    assertThrows(CorruptFileException.class, () -> FeatureBank.open(folder));
  }

  @Test
  void oversizedCountsAreRefusedBeforeAnythingIsAllocated() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 5);
    ManifestFile manifest = ManifestFile.read(folder).orElseThrow();
    ManifestFile.Summary huge =
        new ManifestFile.Summary(Integer.MAX_VALUE, (1L << 32) - 1, 1, 1, 1);
    new ManifestFile(
            manifest.settings(), manifest.fileBytes(), Optional.of(huge), manifest.provenance())
        .write(folder);
    assertThrows(CorruptFileException.class, () -> FeatureBank.open(folder));
  }

  @Test
  void aDamagedHeaderIsNotTakenForACrash() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 5);
    Path file = folder.resolve("high-00000.bank");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {9}), 24);
    }
    assertThrows(CorruptFileException.class, () -> SyntheticBank.extract(folder, DType.F32, 6));
  }

  @Test
  void damageInsideTheJournalIsNotTakenForACrash() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 5);
    Path journal = folder.resolve("images.tsv");
    byte[] bytes = Files.readAllBytes(journal);
    bytes[ImageJournal.HEADER.length + 3] ^= 1;
    Files.write(journal, bytes);
    assertThrows(CorruptFileException.class, () -> SyntheticBank.extract(folder, DType.F32, 5));
  }

  @Test
  void otherSettingsAreRefusedByName() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 2);
    assertRefused("--dtype", SyntheticBank.settings(DType.F16));
    BankSettings same = SyntheticBank.settings(DType.F32);
    ImageGeometry resized =
        new ImageGeometry(Optional.of(new ImageGeometry.Size(64, 32)), SyntheticBank.PATCH);
    assertRefused(
        "--size",
        new BankSettings(
            same.backboneId(),
            same.backboneSha256(),
            same.backboneSpec(),
            same.backboneSettings(),
            same.dims(),
            same.dtype(),
            resized));
    assertRefused(
        "SHA-256",
        new BankSettings(
            same.backboneId(),
            "cd",
            same.backboneSpec(),
            Map.of(),
            same.dims(),
            DType.F32,
            same.geometry()));
    BankSettings moved =
        new BankSettings(
            same.backboneId(),
            same.backboneSha256(),
            "test:OTHER",
            same.backboneSettings(),
            same.dims(),
            same.dtype(),
            same.geometry());
    FeatureBankWriter.open(folder, moved, SyntheticBank.PROVENANCE).close();
  }

  private void assertRefused(String setting, BankSettings settings) {
    IncompatibleException refused =
        assertThrows(
            IncompatibleException.class,
            () -> FeatureBankWriter.open(folder, settings, SyntheticBank.PROVENANCE).close());
    assertTrue(refused.getMessage().contains(setting), refused.getMessage());
    assertTrue(refused.getMessage().contains("--overwrite"), refused.getMessage());
  }

  @Test
  void valuesThatCannotBeStoredAreRefusedAndLeaveNothing() throws IOException {
    Path clean = folder.resolve("clean");
    SyntheticBank.extract(clean, DType.F16, 3);
    Path tried = folder.resolve("tried");
    try (FeatureBankWriter writer = open(tried, DType.F16)) {
      for (int i = 0; i < 3; i++) {
        SyntheticBank.append(writer, i);
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 70000f}) {
          assertNotStored(writer, bad);
        }
      }
      writer.finish(Progress.NONE);
    }
    assertEquals(SyntheticBank.content(clean), SyntheticBank.content(tried));
  }

  private static void assertNotStored(FeatureBankWriter writer, float bad) {
    float[] high = new float[100 * SyntheticBank.DIMS.high()];
    high[SyntheticBank.DIMS.high() * 77 + 4] = bad;
    try (PatchFeatures features =
            new PatchFeatures(
                10,
                10,
                Tensor.allocate(DType.F32, 100, SyntheticBank.DIMS.low()),
                Tensor.allocate(DType.F32, 100, SyntheticBank.DIMS.mid()),
                Tensor.of(high, 100, SyntheticBank.DIMS.high()));
        Tensor colors = Tensor.allocate(DType.F32, 100, 3)) {
      BadInputException refused =
          assertThrows(
              BadInputException.class, () -> writer.append("bad.png", 80, 80, features, colors));
      assertTrue(refused.getMessage().contains("bad.png: patch 77"), refused.getMessage());
      assertFalse(writer.contains("bad.png"));
    }
  }

  @Test
  void misfitsAndRepetitionsAreRefused() throws IOException {
    try (FeatureBankWriter writer = open(folder, DType.F32);
        PatchFeatures features =
            new PatchFeatures(
                1,
                1,
                Tensor.allocate(DType.F32, 1, SyntheticBank.DIMS.low()),
                Tensor.allocate(DType.F32, 1, SyntheticBank.DIMS.mid()),
                Tensor.allocate(DType.F32, 1, SyntheticBank.DIMS.high() + 1));
        Tensor colors = Tensor.allocate(DType.F32, 1, 3)) {
      SyntheticBank.append(writer, 0);
      assertThrows(IllegalArgumentException.class, () -> SyntheticBank.append(writer, 0));
      assertThrows(
          IllegalArgumentException.class, () -> writer.append("x", 8, 8, features, colors));
      assertThrows(
          IllegalArgumentException.class, () -> writer.append("x", 80, 8, features, colors));
    }
  }

  @Test
  void viewsOfAnImageAreToldApart() throws IOException {
    List<String> paths = List.of("a.png", "a.png#2", "a\\#2", "a\\\\#2", "#3", "\\", "a\n#2\\");
    try (FeatureBankWriter writer = open(folder, DType.F32);
        PatchFeatures features =
            new PatchFeatures(
                1,
                1,
                Tensor.allocate(DType.F32, 1, SyntheticBank.DIMS.low()),
                Tensor.allocate(DType.F32, 1, SyntheticBank.DIMS.mid()),
                Tensor.allocate(DType.F32, 1, SyntheticBank.DIMS.high()));
        Tensor colors = Tensor.allocate(DType.F32, 1, 3)) {
      for (String path : paths) {
        for (int view : new int[] {1, 2, 13}) {
          assertFalse(writer.contains(path, view));
          writer.append(path, view, 8, 8, features, colors);
          assertTrue(writer.contains(path, view));
        }
        assertThrows(
            IllegalArgumentException.class, () -> writer.append(path, 2, 8, 8, features, colors));
      }
      writer.finish(Progress.NONE);
    }
    try (FeatureBank bank = FeatureBank.open(folder)) {
      for (int i = 0; i < bank.images().size(); i++) {
        ImageEntry image = bank.images().get(i);
        assertEquals(paths.get(i / 3), image.path());
        assertEquals(new int[] {1, 2, 13}[i % 3], image.view());
      }
      assertEquals("a.png#13", bank.images().get(2).name());
    }
    assertTrue(Files.readString(folder.resolve("images.tsv")).contains("\ta.png\\#13\t"));
  }

  @Test
  void zeroRowsHaveNoNormAndConstantLevelsScaleOne() throws IOException {
    try (FeatureBankWriter writer = open(folder, DType.F32);
        PatchFeatures features =
            new PatchFeatures(
                1,
                1,
                Tensor.allocate(DType.F32, 1, SyntheticBank.DIMS.low()),
                Tensor.allocate(DType.F32, 1, SyntheticBank.DIMS.mid()),
                Tensor.allocate(DType.F32, 1, SyntheticBank.DIMS.high()));
        Tensor colors = Tensor.allocate(DType.F32, 1, 3)) {
      writer.append("x", 8, 8, features, colors);
      writer.finish(Progress.NONE);
    }
    try (FeatureBank bank = FeatureBank.open(folder)) {
      assertArrayEquals(new float[] {0}, read(bank.level(Level.INVERSE_NORMS), 0, 1));
      assertEquals(1f, bank.scale(Level.HIGH));
    }
  }

  @Test
  void oneWriterAtATime() throws IOException {
    try (FeatureBankWriter writer = open(folder, DType.F32)) {
      assertThrows(UnavailableException.class, () -> open(folder, DType.F32).close());
      SyntheticBank.append(writer, 0);
    }
    open(folder, DType.F32).close();
  }

  @Test
  void useAfterCloseIsAnError() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 2);
    FeatureBank bank = FeatureBank.open(folder);
    FeatureRows rows = bank.level(Level.HIGH);
    bank.close();
    bank.close();
    assertThrows(IllegalStateException.class, () -> read(rows, 0, 1));
    FeatureBankWriter writer = open(folder, DType.F32);
    writer.close();
    writer.close();
    assertThrows(IllegalStateException.class, () -> SyntheticBank.append(writer, 3));
  }

  @Test
  void verifyCanBeCancelled() throws IOException {
    SyntheticBank.extract(folder, DType.F32, 2);
    Progress cancelled = Progress.stoppedBy(() -> true);
    try (FeatureBank bank = FeatureBank.open(folder)) {
      assertThrows(CancelledException.class, () -> bank.verify(cancelled));
    }
  }

  @Test
  void deleteLeavesForeignFiles() throws IOException {
    SyntheticBank.extract(folder.resolve("a"), DType.F32, 2);
    Files.writeString(folder.resolve("a/graph.knn"), "not ours to delete");
    FeatureBank.delete(folder.resolve("a"));
    try (Stream<Path> left = Files.list(folder.resolve("a"))) {
      assertEquals(List.of(folder.resolve("a/graph.knn")), left.toList());
    }
    SyntheticBank.extract(folder.resolve("b"), DType.F32, 2);
    FeatureBank.delete(folder.resolve("b"));
    FeatureBank.delete(folder.resolve("b"));
    assertFalse(Files.exists(folder.resolve("b")));
  }

  @Test
  void readsBeyondTwoGibibytesOfOneFile() throws IOException {
    BankSettings settings = SyntheticBank.settings(DType.F32);
    LevelLayout layout = LevelLayout.of(Level.HIGH, settings, 6L << 30);
    long row = (5L << 30) / layout.stride();
    Path file = layout.file(folder, 0);
    // Sparse: the hole before the row takes no room.
    try (LevelWriter writer = new LevelWriter(layout, folder);
        Tensor stored = Tensor.allocate(DType.F32, 1, layout.stride() / Float.BYTES)) {
      stored.set(3, 42);
      writer.write(row, stored.segment());
    }
    assertTrue(Files.size(file) > 5L << 30);
    LevelRows rows = new LevelRows(layout, folder, row + 1, () -> {});
    rows.checkFiles();
    assertEquals(42, read(rows, row, 1)[3]);
    assertEquals(0, read(rows, row - 1, 1)[3]);
    Files.delete(file);
  }

  @Test
  void rowsOfFilesAreArithmetic() {
    LevelLayout layout =
        LevelLayout.of(Level.HIGH, SyntheticBank.settings(DType.F32), LevelLayout.FILE_BYTES);
    assertEquals(128, layout.stride());
    long last = (1L << 32) - 2;
    assertEquals(last, layout.fileOf(last) * layout.rowsPerFile() + last % layout.rowsPerFile());
    assertTrue(layout.offsetOf(last) + layout.stride() <= LevelLayout.FILE_BYTES);
    assertEquals(0, layout.offsetOf(last) % 64);
  }

  @Test
  void openingAndClosingLeavesNothingBehind() throws IOException {
    Path proc = Path.of("/proc/self");
    assumeTrue(Files.exists(proc.resolve("maps")), "open files and mappings are read from /proc");
    SyntheticBank.extract(folder, DType.F32, 1);
    for (int i = 0; i < 2000; i++) {
      try (FeatureBank bank = FeatureBank.open(folder);
          PatchFeatures features = bank.features(bank.images().getFirst())) {
        assertEquals(1, features.patches());
      }
    }
    String folderName = folder.toRealPath().toString();
    assertEquals(
        List.of(),
        Files.readAllLines(proc.resolve("maps")).stream()
            .filter(line -> line.contains(folderName))
            .toList());
    try (Stream<Path> open = Files.list(proc.resolve("fd"))) {
      assertEquals(
          List.of(),
          open.map(FeatureBankTest::target).filter(file -> file.startsWith(folderName)).toList());
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      // The descriptor of the listing itself is gone by now.
      return "";
    }
  }

  @Test
  void noImageHasAPathThatNoFileCanHave() {
    assertThrows(
        IllegalArgumentException.class, () -> new ImageEntry(0, "a\0b.png", 8, 8, 1, 1, 0));
  }
}
