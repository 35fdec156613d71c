package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.LargeMemory;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.RowRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns all rows, sorted by list, in memory. Float16 keeps the rows as they are in the bank and
 * divides them by their norms when they are read, so that a float16 bank loses nothing.
 */
final class InvertedLists implements SortedRows, AutoCloseable {
  private static final int READ_ROWS = 512;

  private final IvfPlan plan;
  private final PreparedRows rows;
  private final RankedLists ranked;
  private final ListOrder order;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment stored;

  private InvertedLists(IvfPlan plan, PreparedRows rows, RankedLists ranked) {
    this.plan = plan;
    this.rows = rows;
    this.ranked = ranked;
    try {
      this.order = new ListOrder(arena, ranked, plan.lists());
      this.stored =
          LargeMemory.allocate(arena, Math.multiplyExact(plan.rows(), plan.storedRowBytes()));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Sorts rows by their nearest lists.
   *
   * @param ranked the lists of every row; borrowed
   */
  static InvertedLists of(IvfPlan plan, PreparedRows rows, RankedLists ranked, Progress progress) {
    InvertedLists inverted = new InvertedLists(plan, rows, ranked);
    try {
      Parallel.forEach(
          plan.threads(),
          Math.ceilDiv(plan.rows(), READ_ROWS),
          block -> {
            progress.checkCancelled();
            inverted.store(block * READ_ROWS);
          });
      return inverted;
    } catch (RuntimeException | Error e) {
      inverted.close();
      throw e;
    }
  }

  private void store(long first) {
    long count = Math.min(READ_ROWS, plan.rows() - first);
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment dense = memory.allocate(count * plan.rowBytes(), 64);
      if (plan.half()) {
        rows.readRaw(first, count, dense);
      } else {
        rows.read(first, count, dense);
      }
      for (long i = 0; i < count; i++) {
        long target = order.position(first + i) * plan.storedRowBytes();
        if (plan.half()) {
          requireHalf(plan, first + i, dense, i * plan.rowBytes());
          VectorMath.best().f32ToF16(dense, i * plan.rowBytes(), stored, target, plan.dim());
        } else {
          MemorySegment.copy(dense, i * plan.rowBytes(), stored, target, plan.rowBytes());
        }
      }
    }
  }

  /**
   * Refuses a row that float16 cannot hold.
   *
   * @throws BadInputException naming it
   */
  static void requireHalf(IvfPlan plan, long row, MemorySegment dense, long offset) {
    for (long c = 0; c < plan.dim(); c++) {
      float value = dense.get(ValueLayout.JAVA_FLOAT, offset + c * Float.BYTES);
      if (Math.abs(value) > 65504) {
        throw new BadInputException(
            "row %d holds %g, more than float16 can; leave out --half".formatted(row, value));
      }
    }
  }

  /** Which rows are in which list. */
  ListOrder order() {
    return order;
  }

  @Override
  public RowRange range() {
    return new RowRange(0, plan.rows());
  }

  @Override
  public long id(long position) {
    return order.id(position);
  }

  @Override
  public int list(long position, int place) {
    return ranked.list(id(position), place);
  }

  @Override
  public void read(long position, MemorySegment target, long offset) {
    long from = position * plan.storedRowBytes();
    if (plan.half()) {
      VectorMath.best().f16ToF32(stored, from, target, offset, plan.dim());
      rows.divide(id(position), target, offset);
    } else {
      MemorySegment.copy(stored, from, target, offset, plan.rowBytes());
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
