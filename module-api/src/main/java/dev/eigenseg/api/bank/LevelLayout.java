package dev.eigenseg.api.bank;

import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Where the rows of one level lie: which file, which byte. Every file begins with a header of 4096
 * bytes that repeats the layout, then holds {@code rowsPerFile} rows (the last file: what is left)
 * at a fixed stride.
 *
 * @param level the level
 * @param dtype the stored type
 * @param dim channels of a row
 * @param stride bytes from one row to the next
 * @param rowsPerFile rows after which a new file begins
 */
record LevelLayout(Level level, DType dtype, int dim, long stride, long rowsPerFile) {
  static final int HEADER_BYTES = 4096;

  /** Files of about 1 GiB: few enough to list, small enough to copy and to check one by one. */
  static final long FILE_BYTES = 1L << 30;

  private static final int VERSION = 1;
  private static final int BYTE_ORDER_MARK = 0x01020304;
  private static final long ROW_ALIGNMENT = 64;
  private static final byte[] MAGIC = "EIGSBANK".getBytes(StandardCharsets.US_ASCII);
  private static final int CRC_OFFSET = HEADER_BYTES - Integer.BYTES;

  static LevelLayout of(Level level, BankSettings settings, long fileBytes) {
    DType dtype =
        switch (level) {
          case LOW, MID, HIGH -> settings.dtype();
          case INVERSE_NORMS, PIXELS -> DType.F32;
        };
    int dim =
        switch (level) {
          case LOW -> settings.dims().low();
          case MID -> settings.dims().mid();
          case HIGH -> settings.dims().high();
          case INVERSE_NORMS -> 1;
          case PIXELS -> 3;
        };
    long rowBytes = (long) dim * dtype.bytes();
    // One number a row would waste 60 of 64 bytes, and is read in long runs anyway.
    long stride =
        level == Level.INVERSE_NORMS
            ? rowBytes
            : Math.ceilDiv(rowBytes, ROW_ALIGNMENT) * ROW_ALIGNMENT;
    return new LevelLayout(
        level, dtype, dim, stride, Math.max(1, (fileBytes - HEADER_BYTES) / stride));
  }

  long rowBytes() {
    return (long) dim * dtype.bytes();
  }

  int fileOf(long row) {
    return Math.toIntExact(row / rowsPerFile);
  }

  long offsetOf(long row) {
    return HEADER_BYTES + row % rowsPerFile * stride;
  }

  /** The number of files that hold so many rows. */
  int files(long rows) {
    return Math.toIntExact(Math.ceilDiv(rows, rowsPerFile));
  }

  /** How many of the first {@code rows} rows stand in one file. */
  long rowsIn(int file, long rows) {
    return Math.clamp(rows - file * rowsPerFile, 0, rowsPerFile);
  }

  Path file(Path directory, int file) {
    return directory.resolve(String.format(Locale.ROOT, "%s-%05d.bank", level.fileStem(), file));
  }

  ByteBuffer header(int file) {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).putInt(VERSION).putInt(BYTE_ORDER_MARK);
    header.putInt(levelCode()).putInt(dtypeCode()).putInt(dim).putInt((int) stride);
    header.putLong(rowsPerFile).putLong(file * rowsPerFile);
    header.putInt(CRC_OFFSET, crc(header));
    return header.clear();
  }

  /**
   * Checks a header.
   *
   * @param path for the message
   * @param header the file's first 4096 bytes
   * @throws CorruptFileException at the first field that is not as it must be
   */
  void checkHeader(Path path, int file, ByteBuffer header) {
    header.order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    header.get(0, magic);
    if (!Arrays.equals(magic, MAGIC)) {
      throw damaged(path, 0, "magic", "EIGSBANK", new String(magic, StandardCharsets.ISO_8859_1));
    }
    if (header.getInt(8) != VERSION) {
      throw new CorruptFileException(
          "%s: version %d at offset 8, this program reads version %d; use the program that wrote it, or extract again"
              .formatted(path, header.getInt(8), VERSION));
    }
    check(path, 12, "byte order mark", BYTE_ORDER_MARK, header.getInt(12));
    check(path, CRC_OFFSET, "checksum of the header", crc(header), header.getInt(CRC_OFFSET));
    check(path, 16, "level", levelCode(), header.getInt(16));
    check(path, 20, "type", dtypeCode(), header.getInt(20));
    check(path, 24, "channels", dim, header.getInt(24));
    check(path, 28, "stride", stride, header.getInt(28));
    check(path, 32, "rows per file", rowsPerFile, header.getLong(32));
    check(path, 40, "first row", file * rowsPerFile, header.getLong(40));
  }

  private int levelCode() {
    return switch (level) {
      case LOW -> 1;
      case MID -> 2;
      case HIGH -> 3;
      case INVERSE_NORMS -> 4;
      case PIXELS -> 5;
    };
  }

  private int dtypeCode() {
    return dtype == DType.F16 ? 1 : 0;
  }

  private static int crc(ByteBuffer header) {
    return Hashes.crc32c(MemorySegment.ofBuffer(header.slice(0, CRC_OFFSET)));
  }

  private static void check(Path path, int offset, String field, long expected, long found) {
    if (expected != found) {
      throw damaged(path, offset, field, Long.toString(expected), Long.toString(found));
    }
  }

  private static CorruptFileException damaged(
      Path path, int offset, String field, String expected, String found) {
    return new CorruptFileException(
        "%s: offset %d: %s is %s, expected %s; the file is damaged or of another bank: restore it, or extract again with --overwrite"
            .formatted(path, offset, field, found, expected));
  }
}
