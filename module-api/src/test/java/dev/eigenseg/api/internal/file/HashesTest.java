package dev.eigenseg.api.internal.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HashesTest {
  @TempDir Path folder;

  @Test
  void sha256OfTheStandardsExample() throws IOException {
    Path file = Files.writeString(folder.resolve("abc"), "abc");
    // FIPS 180-4, example B.1.
    assertEquals(
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Hashes.sha256(file));
    assertEquals(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        Hashes.sha256(Files.createFile(folder.resolve("empty"))));
  }

  @Test
  void crc32cOfTheStandardsExamples() {
    assertEquals(0, Hashes.crc32c(MemorySegment.ofArray(new byte[0])));
    // RFC 3720, B.4: 32 bytes of zeros; and the usual check value.
    assertEquals(0x8a9136aa, Hashes.crc32c(MemorySegment.ofArray(new byte[32])));
    byte[] check = "123456789".getBytes(StandardCharsets.US_ASCII);
    assertEquals(0xe3069283, Hashes.crc32c(MemorySegment.ofArray(check)));
    assertEquals(0xe3069283, Hashes.crc32c("123456789"));
  }

  @Test
  void memoryIsReadInChunks() throws IOException {
    byte[] bytes = new byte[(2 << 20) + 12345];
    new Random(1).nextBytes(bytes);
    CRC32C expected = new CRC32C();
    expected.update(bytes);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(bytes.length);
      memory.copyFrom(MemorySegment.ofArray(bytes));
      assertEquals((int) expected.getValue(), Hashes.crc32c(memory));
      assertEquals(
          Hashes.sha256(Files.write(folder.resolve("chunks"), bytes)), Hashes.sha256(memory));
    }
  }
}
