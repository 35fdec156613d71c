package dev.eigenseg.api.bank;

import dev.eigenseg.api.internal.file.ChannelWrites;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Owns the file of one level that is being written. Rows are written at their place, not appended.
 */
final class LevelWriter implements AutoCloseable {
  private final LevelLayout layout;
  private final Path directory;
  private Optional<FileChannel> open = Optional.empty();
  private int openFile;
  private boolean lost;

  LevelWriter(LevelLayout layout, Path directory) {
    this.layout = layout;
    this.directory = directory;
  }

  LevelLayout layout() {
    return layout;
  }

  /**
   * How many of the first {@code committed} rows are really there. Rows that nobody committed are
   * not looked at.
   *
   * @throws dev.eigenseg.api.CorruptFileException if a header is damaged: the rows behind it may be
   *     good, so they are not thrown away
   */
  long available(long committed) throws IOException {
    long available = 0;
    for (int file = 0; file < layout.files(committed); file++) {
      Path path = layout.file(directory, file);
      long size;
      try {
        size = Files.size(path);
      } catch (NoSuchFileException e) {
        return available;
      }
      if (size < LevelLayout.HEADER_BYTES) {
        return available;
      }
      layout.checkHeader(path, file, LevelRows.readHeader(path));
      long whole = (size - LevelLayout.HEADER_BYTES) / layout.stride();
      available += Math.min(whole, layout.rowsPerFile());
      if (whole < layout.rowsPerFile()) {
        break;
      }
    }
    return Math.min(available, committed);
  }

  /** Leaves the first {@code rows} rows and nothing else. */
  void truncate(long rows) throws IOException {
    close();
    int files = layout.files(rows);
    for (int file = 0; file < files; file++) {
      Path path = layout.file(directory, file);
      long bytes = LevelLayout.HEADER_BYTES + layout.rowsIn(file, rows) * layout.stride();
      if (Files.size(path) > bytes) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
          channel.truncate(bytes);
        }
      }
    }
    int surplus = files;
    while (Files.deleteIfExists(layout.file(directory, surplus))) {
      surplus++;
    }
  }

  /** Writes rows as they are to be stored, from a row on, into one file or several. */
  void write(long firstRow, MemorySegment stored) throws IOException {
    long count = stored.byteSize() / layout.stride();
    long end = firstRow + count;
    for (long row = firstRow; row < end; ) {
      int file = layout.fileOf(row);
      long inFile = Math.min(end, (file + 1) * layout.rowsPerFile()) - row;
      ByteBuffer bytes =
          stored
              .asSlice((row - firstRow) * layout.stride(), inFile * layout.stride())
              .asByteBuffer();
      try {
        ChannelWrites.all(channel(file), bytes, layout.offsetOf(row));
      } catch (IOException e) {
        throw new IOException(
            "writing %s failed: %s; what was committed is kept: make room and run the same command again"
                .formatted(layout.file(directory, file), e.getMessage()),
            e);
      }
      row += inFile;
    }
  }

  /**
   * Forces what was written to the disk. Once that has failed it fails for ever: systems report
   * lost writes only once.
   */
  void force() throws IOException {
    if (lost) {
      throw new IOException(
          layout.file(directory, openFile) + ": rows were lost when they were forced to the disk");
    }
    if (open.isPresent()) {
      lost = true;
      open.get().force(false);
      lost = false;
    }
  }

  @Override
  public void close() throws IOException {
    if (open.isPresent()) {
      FileChannel channel = open.get();
      open = Optional.empty();
      channel.close();
    }
  }

  private FileChannel channel(int file) throws IOException {
    if (open.isPresent() && openFile == file) {
      return open.get();
    }
    force();
    close();
    FileChannel channel =
        FileChannel.open(
            layout.file(directory, file), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    open = Optional.of(channel);
    openFile = file;
    if (channel.size() < LevelLayout.HEADER_BYTES) {
      ChannelWrites.all(channel, layout.header(file), 0);
    }
    return channel;
  }
}
