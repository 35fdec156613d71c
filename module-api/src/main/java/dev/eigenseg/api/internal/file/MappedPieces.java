package dev.eigenseg.api.internal.file;

import dev.eigenseg.api.internal.resource.LentMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Hands on the content of a mapped file in copies. A file that another process cuts off while it is
 * mapped is an {@link InternalError} where Java copies memory or reads a number; but the end of the
 * process where compiled vector instructions, a checksum's intrinsic or a native library read it
 * (seen with JDK 25.0.3), so that these never see a mapping.
 */
public final class MappedPieces {
  private static final long BYTES = 64 << 10;
  private static final long ALIGNMENT = 64;

  // Banks are read by single rows too.
  private static final LentMemory PIECES = new LentMemory(BYTES, ALIGNMENT);

  private MappedPieces() {}

  /** Takes a copy of a piece, valid for the call. */
  @FunctionalInterface
  public interface Reader {
    /** Takes the copy, and where in the mapping it begins. */
    void accept(MemorySegment piece, long offset);
  }

  /**
   * Reads a mapping from its begin to its end.
   *
   * @param unit bytes that stay together, such as those of a row
   * @throws InternalError if the file is shorter than its mapping by now
   */
  public static void forEach(MemorySegment mapping, long unit, Reader reader) {
    long most = Math.max(1, BYTES / unit) * unit;
    long bytes = Math.min(most, mapping.byteSize());
    if (bytes > BYTES) {
      try (Arena arena = Arena.ofShared()) {
        forEach(mapping, arena.allocate(bytes, ALIGNMENT), most, reader);
      }
      return;
    }
    MemorySegment copy = PIECES.borrow();
    try {
      forEach(mapping, copy, most, reader);
    } finally {
      PIECES.giveBack(copy);
    }
  }

  private static void forEach(MemorySegment mapping, MemorySegment copy, long most, Reader reader) {
    for (long offset = 0; offset < mapping.byteSize(); offset += most) {
      long count = Math.min(most, mapping.byteSize() - offset);
      MemorySegment.copy(mapping, offset, copy, 0, count);
      reader.accept(copy.asSlice(0, count), offset);
    }
  }
}
