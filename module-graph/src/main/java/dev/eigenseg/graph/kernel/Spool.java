package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.internal.file.ChannelWrites;
import dev.eigenseg.api.internal.resource.Closing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/**
 * Owns bytes that are written and read in windows: memory outside the heap, or a temporary file
 * that is deleted as soon as it is open. Thread-safe for reading, and for writing of parts that do
 * not overlap.
 */
final class Spool implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final Optional<FileChannel> file;
  private final Path folder;

  private Spool(long bytes, Optional<FileChannel> file, Path folder) {
    try {
      this.memory = arena.allocate(Math.max(bytes, 1), 64);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
    this.file = file;
    this.folder = folder;
  }

  static Spool inMemory(long bytes) {
    return new Spool(bytes, Optional.empty(), Path.of(""));
  }

  /** A file that grows as it is written. */
  static Spool inFile(Path folder) throws IOException {
    Path path =
        folder.resolve(".eigenseg.%016x.tmp".formatted(ThreadLocalRandom.current().nextLong()));
    // Deleted on opening where the system can do that, else on closing.
    FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
    try {
      return new Spool(0, Optional.of(channel), folder);
    } catch (RuntimeException | Error e) {
      Closing.after(e, channel);
      throw e;
    }
  }

  /** Owns the memory of a window, or borrows it from the spool. For the thread that opened it. */
  static final class Window implements AutoCloseable {
    private final MemorySegment bytes;
    private final Optional<Arena> arena;

    private Window(MemorySegment bytes, Optional<Arena> arena) {
      this.bytes = bytes;
      this.arena = arena;
    }

    MemorySegment bytes() {
      return bytes;
    }

    @Override
    public void close() {
      arena.ifPresent(Arena::close);
    }
  }

  /** Bytes to read, usable from any thread. */
  Window read(long offset, long count) throws IOException {
    return read(offset, count, Arena::ofShared);
  }

  /** Bytes to read in this thread alone, which costs less to open and close. */
  Window readHere(long offset, long count) throws IOException {
    return read(offset, count, Arena::ofConfined);
  }

  @SuppressWarnings("MustBeClosedChecker")
  private Window read(long offset, long count, Supplier<Arena> arenas) throws IOException {
    if (file.isEmpty()) {
      return new Window(memory.asSlice(offset, count), Optional.empty());
    }
    Arena window = arenas.get();
    try {
      // Empty mappings are not allowed everywhere.
      MemorySegment bytes =
          count == 0
              ? window.allocate(0)
              : file.get().map(MapMode.READ_ONLY, offset, count, window);
      return new Window(bytes, Optional.of(window));
    } catch (IOException | RuntimeException | Error e) {
      window.close();
      throw e;
    }
  }

  /** Something that fills bytes or changes them. */
  interface Edit {
    void accept(MemorySegment bytes);
  }

  /** Has bytes filled that were never written, from any thread. */
  void create(long offset, long count, Edit edit) throws IOException {
    if (file.isEmpty()) {
      edit.accept(memory.asSlice(offset, count));
      return;
    }
    try (Arena buffer = Arena.ofShared()) {
      MemorySegment bytes = buffer.allocate(count, 64);
      edit.accept(bytes);
      write(offset, bytes);
    }
  }

  /** Has bytes changed, from any thread. */
  void change(long offset, long count, Edit edit) throws IOException {
    if (file.isEmpty()) {
      edit.accept(memory.asSlice(offset, count));
      return;
    }
    try (Arena buffer = Arena.ofShared()) {
      MemorySegment bytes = buffer.allocate(count, 64);
      try (Window old = readHere(offset, count)) {
        bytes.copyFrom(old.bytes());
      }
      edit.accept(bytes);
      write(offset, bytes);
    }
  }

  // Not through the mapping: a full disk is an exception here, and a crash there.
  void write(long offset, MemorySegment bytes) throws IOException {
    if (file.isEmpty()) {
      MemorySegment.copy(bytes, 0, memory, offset, bytes.byteSize());
      return;
    }
    try {
      for (long done = 0; done < bytes.byteSize(); ) {
        long piece = Math.min(1 << 24, bytes.byteSize() - done);
        ByteBuffer buffer = bytes.asSlice(done, piece).asByteBuffer();
        done = ChannelWrites.all(file.get(), buffer, offset + done) - offset;
      }
    } catch (IOException e) {
      throw new IOException(
          "writing temporary data in %s failed at byte %d: %s; free space there, or allow more memory"
              .formatted(folder.toAbsolutePath(), offset, e.getMessage()),
          e);
    }
  }

  @Override
  public void close() {
    try {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    } finally {
      closeFile();
    }
  }

  private void closeFile() {
    try {
      if (file.isPresent()) {
        file.get().close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("temporary data in " + folder, e);
    }
  }
}
