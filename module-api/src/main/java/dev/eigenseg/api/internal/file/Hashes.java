package dev.eigenseg.api.internal.file;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** Checksums of files and of memory. */
public final class Hashes {
  private static final int CHUNK = 1 << 20;

  /**
   * Bytes for each call of a digest. The compiler replaces a digest's loop by the processor's own
   * instructions when it was called often, however long it ran: with 1 MiB a call, a checkpoint of
   * 87 MB took three times as long in a process that had just started and compiled kernels.
   */
  private static final int DIGESTED = 1 << 10;

  private Hashes() {}

  /** The SHA-256 of a file's content as 64 lower-case hexadecimal digits. */
  public static String sha256(Path file) throws IOException {
    MessageDigest digest = newSha256();
    byte[] chunk = new byte[CHUNK];
    try (InputStream in = RegularFile.stream(file)) {
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        for (int at = 0; at < read; at += DIGESTED) {
          digest.update(chunk, at, Math.min(DIGESTED, read - at));
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The SHA-256 of a text in UTF-8, likewise. */
  public static String sha256(String text) {
    return sha256(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The SHA-256 of some bytes, likewise. */
  public static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(newSha256().digest(bytes));
  }

  /**
   * The CRC32C (Castagnoli, RFC 3720) of memory of any length, on the heap only if it is a byte
   * array.
   */
  public static int crc32c(MemorySegment memory) {
    return crc32c(memory, piece -> {});
  }

  /** The CRC32C of a text in UTF-8. */
  public static int crc32c(String text) {
    return crc32c(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * The CRC32C of a file's mapping of any length that need not stay in memory: its pages are
   * released as they have been read.
   */
  public static int crc32cReleasing(MemorySegment mapping) {
    return crc32c(mapping, SafeTensors::release);
  }

  /** The SHA-256 of memory of any length, likewise. */
  public static String sha256(MemorySegment memory) {
    MessageDigest digest = newSha256();
    forEachPiece(memory, piece -> read(piece, digest::update));
    return HexFormat.of().formatHex(digest.digest());
  }

  private static int crc32c(MemorySegment memory, Consumer<MemorySegment> afterwards) {
    CRC32C crc = new CRC32C();
    forEachPiece(
        memory,
        piece -> {
          read(piece, crc::update);
          afterwards.accept(piece);
        });
    return (int) crc.getValue();
  }

  private static void forEachPiece(MemorySegment memory, Consumer<MemorySegment> work) {
    for (long offset = 0; offset < memory.byteSize(); offset += CHUNK) {
      work.accept(memory.asSlice(offset, Math.min(CHUNK, memory.byteSize() - offset)));
    }
  }

  private static void read(MemorySegment memory, Consumer<ByteBuffer> hash) {
    if (memory.isMapped()) {
      MappedPieces.forEach(memory, 1, (piece, offset) -> hash.accept(piece.asByteBuffer()));
    } else {
      hash.accept(memory.asByteBuffer());
    }
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
