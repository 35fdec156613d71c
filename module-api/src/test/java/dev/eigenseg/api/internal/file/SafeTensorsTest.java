package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.IncompatibleException;
import dev.eigenseg.api.TestSeed;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SafeTensorsTest {
  @TempDir Path folder;

  /** A file with the given header and so many bytes of data, 0, 1, 2 ... */
  private Path file(String header, int dataBytes) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + dataBytes);
    bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text);
    for (int i = 0; i < dataBytes; i++) {
      bytes.put((byte) i);
    }
    return Files.write(folder.resolve("x.safetensors"), bytes.array());
  }

  private Path written() throws IOException {
    Path file = folder.resolve("written.safetensors");
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    try (Tensor bytes = Tensor.allocate(DType.U8, 3);
        Tensor floats = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
        Tensor longs = Tensor.allocate(DType.I64, 1);
        Tensor halves = Tensor.allocate(DType.F16, 5);
        Tensor empty = Tensor.allocate(DType.F32, 0, 7);
        Tensor scalar = Tensor.of(new float[] {42})) {
      bytes.segment().fill((byte) 200);
      longs.segment().set(ValueLayout.JAVA_LONG, 0, 1L << 40);
      tensors.put("bytes", bytes);
      tensors.put("halves", halves);
      tensors.put("floats", floats);
      tensors.put("longs \"ünï\"", longs);
      tensors.put("empty", empty);
      tensors.put("scalar", scalar.reshape());
      SafeTensorsWriter.write(file, Map.of("format", "eigenseg", "ключ", "a\nb"), tensors);
    }
    return file;
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    Path file = written();
    try (SafeTensors read = SafeTensors.open(file)) {
      assertEquals(Map.of("format", "eigenseg", "ключ", "a\nb"), read.metadata());
      assertEquals(
          List.of("longs \"ünï\"", "floats", "empty", "scalar", "halves", "bytes"),
          List.copyOf(read.names()));
      assertTrue(read.contains("floats"));
      assertFalse(read.contains("absent"));
      Tensor floats = read.tensor("floats");
      assertArrayEquals(new long[] {2, 3}, floats.shape());
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, floats.toFloats());
      assertEquals(1L << 40, read.tensor("longs \"ünï\"").getLong(0));
      assertEquals(200, read.tensor("bytes").getLong(2));
      assertEquals(DType.F16, read.tensor("halves").dtype());
      assertArrayEquals(new long[] {0, 7}, read.tensor("empty").shape());
      assertEquals(0, read.tensor("scalar").rank());
      assertEquals(42, read.tensor("scalar").get(0));
    }
    long header =
        ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertEquals(0, (8 + header) % 64, "data is aligned");
  }

  @Test
  void sameContentGivesTheSameBytes() throws IOException {
    assertArrayEquals(Files.readAllBytes(written()), Files.readAllBytes(written()));
  }

  @Test
  void nothingAtAllIsAFileToo() throws IOException {
    Path file = folder.resolve("empty.safetensors");
    SafeTensorsWriter.write(file, Map.of(), new LinkedHashMap<>());
    try (SafeTensors read = SafeTensors.open(file)) {
      assertEquals(Map.of(), read.metadata());
      assertTrue(read.names().isEmpty());
    }
  }

  @Test
  void everyTruncationAndEveryExtraByteIsSeen() throws IOException {
    byte[] whole = Files.readAllBytes(written());
    Path cut = folder.resolve("cut.safetensors");
    for (int length = 0; length < whole.length; length++) {
      Files.write(cut, Arrays.copyOf(whole, length));
      CorruptFileException thrown =
          assertThrows(
              CorruptFileException.class, () -> SafeTensors.open(cut).close(), "length " + length);
      assertTrue(thrown.getMessage().contains("cut.safetensors"), thrown.getMessage());
    }
    Files.write(cut, Arrays.copyOf(whole, whole.length + 1));
    assertThrows(CorruptFileException.class, () -> SafeTensors.open(cut).close());
  }

  @Test
  void flippedBitsOfTheHeaderAreSeenOrHarmless() throws IOException {
    byte[] whole = Files.readAllBytes(written());
    int header = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    Path flipped = folder.resolve("flipped.safetensors");
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int i = 0; i < 500; i++) {
      byte[] bytes = whole.clone();
      int at = random.nextInt(8 + header);
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(flipped, bytes);
      try (SafeTensors read = SafeTensors.open(flipped)) {
        for (String name : read.names()) {
          touch(read, name);
        }
      } catch (CorruptFileException e) {
        assertTrue(e.getMessage().contains("flipped.safetensors"), e.getMessage());
      }
    }
  }

  private static void touch(SafeTensors read, String name) {
    try {
      read.tensor(name).toFloats();
    } catch (BadInputException e) {
      assertTrue(e.getMessage().contains("element type"), e.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 100_000_001, 18, 1L << 32})
  void headersThatClaimTooMuchAreRefused(long claimed) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(25).order(ByteOrder.LITTLE_ENDIAN).putLong(claimed);
    Path file = Files.write(folder.resolve("x.safetensors"), bytes.array());
    CorruptFileException thrown =
        assertThrows(CorruptFileException.class, () -> SafeTensors.open(file).close());
    assertTrue(thrown.getMessage().contains("the file has 25"), thrown.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "null",
        "{",
        "{} {}",
        "{}x",
        "{'a':{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"a\":3}",
        "{\"a\":{}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8,9]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8],\"more\":1}}",
        "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":7,\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":8,\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[\"8\"],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8.5],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1e99],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[-8],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[-2,-4],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[-8,0]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[0,7]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[1,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,9]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[0,5]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
        "{\"__metadata__\":{},\"__metadata__\":{},"
            + "\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"},"
            + "\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{\"k\":1},"
            + "\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":3,\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
      })
  void hostileHeadersAreRefused(String header) throws IOException {
    Path file = file(header, 8);
    CorruptFileException thrown =
        assertThrows(CorruptFileException.class, () -> SafeTensors.open(file).close());
    assertTrue(thrown.getMessage().contains("x.safetensors"), thrown.getMessage());
  }

  @Test
  void deepNestingIsRefusedWithoutOverflowingTheStack() throws IOException {
    Path file = file("{\"a\":" + "[".repeat(1_000_000), 0);
    assertThrows(CorruptFileException.class, () -> SafeTensors.open(file).close());
  }

  @Test
  void aHeaderThatIsNotUtf8IsRefused() throws IOException {
    Path file =
        Files.write(folder.resolve("x"), new byte[] {2, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xff});
    assertThrows(CorruptFileException.class, () -> SafeTensors.open(file).close());
  }

  @Test
  void theSmallestValidHeaderOfThisTestIsRead() throws IOException {
    // Guards the refusals above against being right for another reason.
    Path file = file("{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8);
    try (SafeTensors read = SafeTensors.open(file)) {
      assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5, 6, 7}, read.tensor("a").toFloats());
    }
  }

  @Test
  void misalignedDataIsReadable() throws IOException {
    for (int shift = 0; shift < 8; shift++) {
      String padding = " ".repeat(shift);
      Path file =
          file(
              "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                  + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]},"
                  + "\"c\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[5,13]}}"
                  + padding,
              13);
      try (SafeTensors read = SafeTensors.open(file)) {
        assertEquals(Float.intBitsToFloat(0x04030201), read.tensor("b").get(0));
        assertEquals(0x0c0b0a0908070605L, read.tensor("c").getLong(0));
      }
    }
  }

  @Test
  void otherElementTypesAreListedButNotRead() throws IOException {
    Path file =
        file(
            "{\"b\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]},"
                + "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[2,10]},"
                + "\"n\":{\"dtype\":\"F4_NEW\",\"shape\":[3],\"data_offsets\":[10,12]}}",
            12);
    try (SafeTensors read = SafeTensors.open(file)) {
      assertEquals(List.of("b", "d", "n"), List.copyOf(read.names()));
      for (String name : read.names()) {
        BadInputException thrown = assertThrows(BadInputException.class, () -> read.tensor(name));
        assertTrue(thrown.getMessage().contains("convert it"), thrown.getMessage());
      }
    }
  }

  @Test
  void missingTensorsAndUseAfterCloseAreNamed() throws IOException {
    SafeTensors read = SafeTensors.open(written());
    IncompatibleException missing =
        assertThrows(IncompatibleException.class, () -> read.tensor("head.weight"));
    assertTrue(missing.getMessage().contains("head.weight"), missing.getMessage());
    Tensor floats = read.tensor("floats");
    read.close();
    read.close();
    IllegalStateException closed =
        assertThrows(IllegalStateException.class, () -> read.tensor("floats"));
    assertTrue(closed.getMessage().contains("written.safetensors"), closed.getMessage());
    assertThrows(IllegalStateException.class, () -> floats.get(0));
  }

  @Test
  void namesThatTheFormatReservesAreRefused() {
    try (Tensor tensor = Tensor.of(new float[] {1}, 1)) {
      LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("__metadata__", tensor);
      assertThrows(
          IllegalArgumentException.class,
          () -> SafeTensorsWriter.write(folder.resolve("x"), Map.of(), tensors));
    }
  }

  @Test
  void whatPeopleHaveInItsPlaceIsNamed() throws IOException {
    Map<String, String> contents =
        Map.of(
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 86000000\n",
            "git-lfs pointer, not the weights (of 86000000 bytes)",
            "<!DOCTYPE html><html><body>Access to model is restricted</body></html>",
            "HTML page",
            "PK\3\4\0\0\b\b\0\0archive/data.pkl",
            "PyTorch pickle",
            "\u0080\u0002}q\0X\u0005\0\0\0modelq",
            "PyTorch pickle",
            "{\"metadata\": {}, \"weight_map\": {}}",
            "index of shards",
            "{\"architecture\": \"vit_small\"}",
            "JSON text");
    for (Map.Entry<String, String> entry : contents.entrySet()) {
      Path file = folder.resolve("x.safetensors");
      Files.write(file, entry.getKey().getBytes(StandardCharsets.ISO_8859_1));
      String message =
          assertThrows(BadInputException.class, () -> SafeTensors.open(file)).getMessage();
      assertTrue(message.contains(entry.getValue()), message);
    }
  }
}
