package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.LargeMemory;
import dev.eigenseg.graph.rows.RowRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Owns a copy of the records at some positions of a {@link ListFile}. */
final class StripRows implements SortedRows, AutoCloseable {
  private final ListFile.Header header;
  private final RowRange range;
  private final Arena arena;
  private final MemorySegment records;
  private final long recordBytes;

  /**
   * Room for the records.
   *
   * @param threads that use it; one alone must be the one that makes it
   */
  @SuppressWarnings("MustBeClosedChecker")
  StripRows(ListFile.Header header, RowRange range, int threads) {
    this.header = header;
    this.range = range;
    // Closing a shared arena stops all threads for a moment, too often for single blocks.
    this.arena = threads == 1 ? Arena.ofConfined() : Arena.ofShared();
    this.recordBytes = header.recordBytes();
    try {
      this.records = LargeMemory.allocate(arena, Math.multiplyExact(range.count(), recordBytes));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Some records, counted from the first. */
  MemorySegment records(long first, long count) {
    return records.asSlice(first * recordBytes, count * recordBytes);
  }

  private long offset(long position) {
    return (position - range.first()) * recordBytes;
  }

  @Override
  public RowRange range() {
    return range;
  }

  @Override
  public long id(long position) {
    int id = records.get(ValueLayout.JAVA_INT, offset(position) + ListFile.Header.ID);
    return Integer.toUnsignedLong(id);
  }

  @Override
  public int list(long position, int place) {
    return records.get(
        ValueLayout.JAVA_INT,
        offset(position) + ListFile.Header.LISTS + (long) place * Integer.BYTES);
  }

  @Override
  public void read(long position, MemorySegment target, long offset) {
    long record = offset(position);
    long from = record + header.rowOffset();
    if (header.halfRecords()) {
      VectorMath.best().f16ToF32(records, from, target, offset, header.dim());
      float inverse = records.get(ValueLayout.JAVA_FLOAT, record + ListFile.Header.INVERSE_NORM);
      VectorMath.best().scale(inverse, target, offset, header.dim());
    } else {
      MemorySegment.copy(records, from, target, offset, (long) header.dim() * Float.BYTES);
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
