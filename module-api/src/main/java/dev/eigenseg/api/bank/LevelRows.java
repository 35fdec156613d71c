package dev.eigenseg.api.bank;

import dev.eigenseg.api.CorruptFileException;
import dev.eigenseg.api.internal.file.MappedPieces;
import dev.eigenseg.api.internal.file.RegularFile;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.FeatureRows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * Reads one level of a bank. Files are opened and windows mapped for a call and given back before
 * it returns, so the address space and the resident set stay small however large the bank is.
 */
final class LevelRows implements FeatureRows {
  /** The most that is mapped at a time by one reader. */
  private static final long WINDOW_BYTES = 64L << 20;

  private final LevelLayout layout;
  private final Path directory;
  private final long rows;
  private final Runnable ensureOpen;

  LevelRows(LevelLayout layout, Path directory, long rows, Runnable ensureOpen) {
    this.layout = layout;
    this.directory = directory;
    this.rows = rows;
    this.ensureOpen = ensureOpen;
  }

  @Override
  public long rows() {
    return rows;
  }

  @Override
  public int dim() {
    return layout.dim();
  }

  @Override
  public void read(long firstRow, long count, MemorySegment target) throws IOException {
    long rowBytes = (long) layout.dim() * Float.BYTES;
    if (target.byteSize() < Math.multiplyExact(count, rowBytes)) {
      throw new IllegalArgumentException(
          "%d rows need %d bytes, the target has %d"
              .formatted(count, count * rowBytes, target.byteSize()));
    }
    forEachWindow(
        firstRow,
        count,
        (window, row, inWindow) ->
            widen(window, inWindow, target.asSlice((row - firstRow) * rowBytes)));
  }

  @Override
  public boolean half() {
    return layout.dtype() == DType.F16;
  }

  @Override
  public void prefetch(long firstRow, long count) throws IOException {
    forEachWindow(firstRow, count, (window, row, inWindow) -> window.load());
  }

  /** The checksum of rows as they are stored, padding included. */
  int crc(long firstRow, long count) throws IOException {
    CRC32C crc = new CRC32C();
    forEachWindow(
        firstRow,
        count,
        (window, row, inWindow) ->
            MappedPieces.forEach(window, 1, (piece, offset) -> crc.update(piece.asByteBuffer())));
    return (int) crc.getValue();
  }

  /** Checks the headers of all files, and that the files are long enough. */
  void checkFiles() throws IOException {
    for (int file = 0; file < layout.files(rows); file++) {
      Path path = layout.file(directory, file);
      long expected = LevelLayout.HEADER_BYTES + layout.rowsIn(file, rows) * layout.stride();
      long found;
      try {
        found = Files.size(path);
      } catch (NoSuchFileException e) {
        throw new CorruptFileException(path + ": missing" + REMEDY, e);
      }
      // Longer is fine: an extraction may be appending, or have died while it did.
      if (found < expected) {
        throw new CorruptFileException(
            "%s: ends at offset %d, expected at least %d%s"
                .formatted(path, found, expected, REMEDY));
      }
      layout.checkHeader(path, file, readHeader(path));
    }
  }

  static final String REMEDY =
      "; run the same extract command again, which restores what is missing";

  /** A file's first 4096 bytes; the file is known to be that long. */
  static ByteBuffer readHeader(Path path) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(LevelLayout.HEADER_BYTES);
    try (FileChannel channel = RegularFile.channel(path)) {
      while (header.hasRemaining()) {
        if (channel.read(header) < 0) {
          throw new CorruptFileException(
              "%s: ends at offset %d, within its header%s"
                  .formatted(path, header.position(), REMEDY));
        }
      }
    }
    return header.flip();
  }

  private interface WindowReader {
    void accept(MemorySegment window, long firstRow, long count);
  }

  private void forEachWindow(long firstRow, long count, WindowReader reader) throws IOException {
    ensureOpen.run();
    Objects.checkFromIndexSize(firstRow, count, rows);
    long end = firstRow + count;
    for (long row = firstRow; row < end; ) {
      int file = layout.fileOf(row);
      long endInFile = Math.min(end, (file + 1) * layout.rowsPerFile());
      try (FileChannel channel = RegularFile.channel(layout.file(directory, file))) {
        row = readFile(channel, row, endInFile, reader);
      } catch (NoSuchFileException e) {
        throw new CorruptFileException(layout.file(directory, file) + ": missing" + REMEDY, e);
      }
    }
  }

  private long readFile(FileChannel channel, long firstRow, long end, WindowReader reader)
      throws IOException {
    long most = Math.max(1, WINDOW_BYTES / layout.stride());
    long row = firstRow;
    while (row < end) {
      long count = Math.min(most, end - row);
      // Reading from a mapping beyond the file's end would kill the process, so ask first.
      if (channel.size() < layout.offsetOf(row) + count * layout.stride()) {
        throw new CorruptFileException(
            "%s: ends at offset %d, expected at least %d%s"
                .formatted(
                    layout.file(directory, layout.fileOf(row)),
                    channel.size(),
                    layout.offsetOf(row) + count * layout.stride(),
                    REMEDY));
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment window =
            channel.map(MapMode.READ_ONLY, layout.offsetOf(row), count * layout.stride(), arena);
        reader.accept(window, row, count);
      }
      row += count;
    }
    return row;
  }

  private void widen(MemorySegment window, long count, MemorySegment target) {
    if (layout.dtype() == DType.F32 && layout.stride() == layout.rowBytes()) {
      MemorySegment.copy(window, 0, target, 0, count * layout.stride());
      return;
    }
    long targetRow = (long) layout.dim() * Float.BYTES;
    if (layout.dtype() == DType.F32) {
      for (long i = 0; i < count; i++) {
        MemorySegment.copy(window, i * layout.stride(), target, i * targetRow, targetRow);
      }
      return;
    }
    VectorMath math = VectorMath.best();
    MappedPieces.forEach(
        window,
        layout.stride(),
        (piece, offset) -> {
          long first = offset / layout.stride();
          for (long i = 0; i < piece.byteSize() / layout.stride(); i++) {
            long to = (first + i) * targetRow;
            math.f16ToF32(piece, i * layout.stride(), target, to, layout.dim());
          }
        });
  }
}
