package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.graph.rows.LargeMemory;
import dev.eigenseg.graph.rows.PreparedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Owns all rows sorted by list, within a list by id. A row's place in this order is its position;
 * lists are cut into blocks of at most {@link IvfPlan#BLOCK} rows. Float16 keeps the rows as they
 * are in the bank and divides them by their norms when they are read, so that a float16 bank loses
 * nothing. Thread-safe once it is filled.
 */
final class InvertedLists implements AutoCloseable {
  private static final int READ_ROWS = 512;

  private final IvfPlan plan;
  private final PreparedRows rows;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment ids;
  private final MemorySegment positions;
  private final MemorySegment stored;
  private final long[] listBegin;
  private final int[] firstBlock;
  private final long[] blockBegin;
  private final int[] blockList;

  private InvertedLists(IvfPlan plan, PreparedRows rows, RankedLists ranked) {
    int lists = plan.lists();
    this.plan = plan;
    this.rows = rows;
    try {
      this.ids = arena.allocate(ValueLayout.JAVA_INT, plan.rows());
      this.positions = arena.allocate(ValueLayout.JAVA_INT, plan.rows());
      this.stored =
          LargeMemory.allocate(arena, Math.multiplyExact(plan.rows(), plan.storedRowBytes()));
      this.listBegin = sort(ranked, lists);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
    this.firstBlock = new int[lists + 1];
    for (int list = 0; list < lists; list++) {
      firstBlock[list + 1] =
          firstBlock[list] + Math.toIntExact(Math.ceilDiv(listRows(list), IvfPlan.BLOCK));
    }
    this.blockBegin = new long[firstBlock[lists] + 1];
    this.blockList = new int[firstBlock[lists]];
    cut(lists);
  }

  /** Sorts rows by their nearest lists. */
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

  private long[] sort(RankedLists ranked, int lists) {
    long[] begin = new long[lists + 1];
    for (long row = 0; row < plan.rows(); row++) {
      begin[ranked.list(row, 0) + 1]++;
    }
    for (int list = 0; list < lists; list++) {
      begin[list + 1] += begin[list];
    }
    long[] next = begin.clone();
    for (long row = 0; row < plan.rows(); row++) {
      long position = next[ranked.list(row, 0)]++;
      ids.setAtIndex(ValueLayout.JAVA_INT, position, (int) row);
      positions.setAtIndex(ValueLayout.JAVA_INT, row, (int) position);
    }
    return begin;
  }

  private void cut(int lists) {
    for (int list = 0; list < lists; list++) {
      int blocks = firstBlock[list + 1] - firstBlock[list];
      for (int i = 0; i < blocks; i++) {
        blockList[firstBlock[list] + i] = list;
        blockBegin[firstBlock[list] + i] = listBegin[list] + listRows(list) * i / blocks;
      }
    }
    blockBegin[blockList.length] = plan.rows();
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
        long target = positionOf(first + i) * plan.storedRowBytes();
        if (plan.half()) {
          requireHalf(first + i, dense, i * plan.rowBytes());
          VectorMath.best().f32ToF16(dense, i * plan.rowBytes(), stored, target, plan.dim());
        } else {
          MemorySegment.copy(dense, i * plan.rowBytes(), stored, target, plan.rowBytes());
        }
      }
    }
  }

  private void requireHalf(long row, MemorySegment dense, long offset) {
    for (long c = 0; c < plan.dim(); c++) {
      float value = dense.get(ValueLayout.JAVA_FLOAT, offset + c * Float.BYTES);
      if (Math.abs(value) > 65504) {
        throw new BadInputException(
            "row %d holds %g, more than float16 can; leave out --half".formatted(row, value));
      }
    }
  }

  /** The id of the row at a position. */
  long id(long position) {
    return Integer.toUnsignedLong(ids.getAtIndex(ValueLayout.JAVA_INT, position));
  }

  /** The position of a row. */
  long positionOf(long id) {
    return Integer.toUnsignedLong(positions.getAtIndex(ValueLayout.JAVA_INT, id));
  }

  int lists() {
    return firstBlock.length - 1;
  }

  /** The first position of a list; {@code list} may be {@link #lists}. */
  long listBegin(int list) {
    return listBegin[list];
  }

  private long listRows(int list) {
    return listBegin[list + 1] - listBegin[list];
  }

  int blocks() {
    return blockList.length;
  }

  /** The first position of a block; {@code block} may be {@link #blocks}. */
  long blockBegin(int block) {
    return blockBegin[block];
  }

  int blockRows(int block) {
    return (int) (blockBegin[block + 1] - blockBegin[block]);
  }

  int listOfBlock(int block) {
    return blockList[block];
  }

  /** The block that holds a position. */
  int blockOf(long position) {
    int found = Arrays.binarySearch(blockBegin, position);
    return found >= 0 ? found : -found - 2;
  }

  /** Copies the row at a position, divided by its norm. */
  void read(long position, MemorySegment target, long offset) {
    long from = position * plan.storedRowBytes();
    if (plan.half()) {
      VectorMath.best().f16ToF32(stored, from, target, offset, plan.dim());
      rows.divide(id(position), target, offset);
    } else {
      MemorySegment.copy(stored, from, target, offset, plan.rowBytes());
    }
  }

  /**
   * Packs the rows of a block as columns.
   *
   * @param dense room for them, overwritten
   */
  void packColumns(int block, MemorySegment dense, MemorySegment panels) {
    int count = blockRows(block);
    for (int i = 0; i < count; i++) {
      read(blockBegin[block] + i, dense, i * plan.rowBytes());
    }
    Gemm.packColumns(dense, 0, count, plan.dim(), panels);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
