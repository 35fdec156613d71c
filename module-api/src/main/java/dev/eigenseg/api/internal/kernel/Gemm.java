package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/**
 * Matrix products {@code C = A B^T} of float32 matrices outside the heap, A {@code [m, depth]} and
 * B {@code [n, depth]}, row-major.
 *
 * <p>Both operands are packed into panels first: {@link #rowPanel()} rows of A, {@link
 * #columnPanel()} rows of B (columns of C), each panel as {@code [depth][panel]}, the last one
 * padded with zeros. Every element of C is one chain of fused multiply-adds from k = 0 to depth - 1
 * starting at 0. Its bits therefore depend neither on tile sizes, nor on the vectors' length, nor
 * on which operand is A. Stateless and thread-safe.
 */
public final class Gemm {
  private static final int LANES = SimdMath.FLOATS.length();
  private static final int ROW_PANEL = SimdTile.ROWS;
  private static final int COLUMN_PANEL = 2 * LANES;

  /** Packed rows that stay in the second-level cache while the column panels pass by. */
  private static final long BLOCK_BYTES = 256 << 10;

  private static final int MOST_TASK_ROWS = 240;

  // A block's worth, and some more for deep single panels.
  private static final int KEPT_FLOATS = 1 << 18;
  private static final ThreadLocal<float[]> BLOCK_PANELS =
      ThreadLocal.withInitial(() -> new float[0]);

  /** Channels that are transposed at a time: both arrays stay in a first-level cache of 48 KB. */
  private static final int CHUNK = 128;

  private static final ValueLayout.OfInt BITS =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong BITS_OF_TWO =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final GemmTile TILE =
      VectorMath.best() instanceof SimdMath ? new SimdTile() : new ScalarTile();

  private Gemm() {}

  /** Rows of A in a panel. */
  public static int rowPanel() {
    return ROW_PANEL;
  }

  /** Rows of B, which are columns of C, in a panel. */
  public static int columnPanel() {
    return COLUMN_PANEL;
  }

  /** Bytes that {@link #packRows} fills. */
  public static long packedRowBytes(int rows, int depth) {
    return packedBytes(rows, depth, ROW_PANEL);
  }

  /** Bytes that {@link #packColumns} fills. */
  public static long packedColumnBytes(int columns, int depth) {
    return packedBytes(columns, depth, COLUMN_PANEL);
  }

  private static long packedBytes(int rows, int depth, int panel) {
    return panels(rows, panel) * panel * depth * Float.BYTES;
  }

  private static long panels(int rows, int panel) {
    return (rows + (long) panel - 1) / panel;
  }

  /**
   * Packs rows of A.
   *
   * @param src row-major rows of {@code depth} floats
   * @param panels receives {@link #packedRowBytes} bytes
   */
  public static void packRows(
      MemorySegment src, long srcOffset, int rows, int depth, MemorySegment panels) {
    pack(src, srcOffset, rows, depth, panels, ROW_PANEL);
  }

  /**
   * Packs rows of B.
   *
   * @param src row-major rows of {@code depth} floats
   * @param panels receives {@link #packedColumnBytes} bytes
   */
  public static void packColumns(
      MemorySegment src, long srcOffset, int columns, int depth, MemorySegment panels) {
    long rowBytes = (long) depth * Float.BYTES;
    Objects.checkFromIndexSize(srcOffset, columns * rowBytes, src.byteSize());
    Objects.checkFromIndexSize(0, packedColumnBytes(columns, depth), panels.byteSize());
    float[] rows = new float[COLUMN_PANEL * CHUNK];
    float[] packed = new float[COLUMN_PANEL * CHUNK];
    for (int first = 0; first < columns; first += COLUMN_PANEL) {
      int filled = Math.min(COLUMN_PANEL, columns - first);
      Arrays.fill(packed, 0);
      for (int k = 0; k < depth; k += CHUNK) {
        int chunk = Math.min(CHUNK, depth - k);
        for (int row = 0; row < filled; row++) {
          long from = srcOffset + (first + row) * rowBytes + (long) k * Float.BYTES;
          MemorySegment.copy(src, JAVA_FLOAT_UNALIGNED, from, rows, row * CHUNK, chunk);
        }
        transpose(rows, filled, chunk, packed);
        long to = first * rowBytes + (long) k * COLUMN_PANEL * Float.BYTES;
        MemorySegment.copy(packed, 0, panels, JAVA_FLOAT_UNALIGNED, to, chunk * COLUMN_PANEL);
      }
    }
  }

  // On arrays: weights are packed when nothing is compiled yet, and loops over arrays are fast as
  // soon as the quick compiler has seen them; over memory segments they took most of the time to
  // the first image.
  private static void transpose(float[] rows, int count, int chunk, float[] packed) {
    for (int row = 0; row < count; row++) {
      for (int k = 0; k < chunk; k++) {
        packed[k * COLUMN_PANEL + row] = rows[row * CHUNK + k];
      }
    }
  }

  private static void pack(
      MemorySegment src, long srcOffset, int rows, int depth, MemorySegment panels, int panel) {
    long rowBytes = (long) depth * Float.BYTES;
    Objects.checkFromIndexSize(srcOffset, rows * rowBytes, src.byteSize());
    Objects.checkFromIndexSize(0, packedBytes(rows, depth, panel), panels.byteSize());
    if (depth == 0) {
      return;
    }
    for (int first = 0; first < rows; first += panel) {
      int filled = Math.min(panel, rows - first);
      MemorySegment target = panels.asSlice(first * rowBytes, panel * rowBytes);
      if (filled < panel) {
        target.fill((byte) 0);
      }
      interleave(src, srcOffset + first * rowBytes, filled, rowBytes, target, panel);
    }
  }

  // Two rows at a time, so that one store of 64 bits serves both: 2 times faster than float by
  // float.
  private static void interleave(
      MemorySegment src, long srcOffset, int rows, long rowBytes, MemorySegment target, int panel) {
    long step = (long) panel * Float.BYTES;
    for (int row = 0; row < rows; row += 2) {
      MemorySegment upper = src.asSlice(srcOffset + row * rowBytes, rowBytes);
      MemorySegment column = target.asSlice((long) row * Float.BYTES);
      if (row + 1 < rows) {
        MemorySegment lower = src.asSlice(srcOffset + (row + 1) * rowBytes, rowBytes);
        interleave(upper, lower, column, step);
      } else {
        spread(upper, column, step);
      }
    }
  }

  private static void interleave(
      MemorySegment upper, MemorySegment lower, MemorySegment target, long step) {
    int depth = (int) (upper.byteSize() / Float.BYTES);
    long to = 0;
    for (int k = 0; k < depth; k++) {
      long pair =
          Integer.toUnsignedLong(upper.get(BITS, k * 4L)) | (long) lower.get(BITS, k * 4L) << 32;
      target.set(BITS_OF_TWO, to, pair);
      to += step;
    }
  }

  private static void spread(MemorySegment row, MemorySegment target, long step) {
    int depth = (int) (row.byteSize() / Float.BYTES);
    for (int k = 0; k < depth; k++) {
      target.set(BITS, k * step, row.get(BITS, k * 4L));
    }
  }

  /**
   * Multiplies packed operands.
   *
   * @param rowPanels from {@link #packRows}
   * @param rows rows of C to write
   * @param columnPanels from {@link #packColumns}
   * @param columns columns of C to write
   * @param c overwritten from {@code cOffset} bytes on
   * @param cStride floats from one row of C to the next, at least {@code columns}
   */
  public static void multiply(
      MemorySegment rowPanels,
      int rows,
      MemorySegment columnPanels,
      int columns,
      int depth,
      MemorySegment c,
      long cOffset,
      long cStride) {
    multiply(TILE, rowPanels, rows, columnPanels, columns, depth, c, cOffset, cStride);
  }

  static void multiply(
      GemmTile tile,
      MemorySegment rowPanels,
      int rows,
      MemorySegment columnPanels,
      int columns,
      int depth,
      MemorySegment c,
      long cOffset,
      long cStride) {
    if (rows == 0 || columns == 0) {
      return;
    }
    if (cStride < columns) {
      throw new IllegalArgumentException(
          "rows of %d columns do not fit a stride of %d".formatted(columns, cStride));
    }
    Objects.checkFromIndexSize(0, packedRowBytes(rows, depth), rowPanels.byteSize());
    Objects.checkFromIndexSize(0, packedColumnBytes(columns, depth), columnPanels.byteSize());
    long cBytes = Math.multiplyExact((rows - 1) * cStride + columns, Float.BYTES);
    Objects.checkFromIndexSize(cOffset, cBytes, c.byteSize());
    long rowPanelBytes = (long) ROW_PANEL * depth * Float.BYTES;
    long columnPanelBytes = (long) COLUMN_PANEL * depth * Float.BYTES;
    int block = Math.clamp(BLOCK_BYTES / Math.max(1, rowPanelBytes), 1, 1 << 16) * ROW_PANEL;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment edge = arena.allocate((long) ROW_PANEL * COLUMN_PANEL * Float.BYTES, 64);
      for (int blockRow = 0; blockRow < rows; blockRow += block) {
        int blockEnd = (int) Math.min(rows, (long) blockRow + block);
        float[] panels = blockPanels(rowPanels, blockRow, blockEnd, depth);
        for (int column = 0; column < columns; column += COLUMN_PANEL) {
          long b = column / COLUMN_PANEL * columnPanelBytes;
          for (int row = blockRow; row < blockEnd; row += ROW_PANEL) {
            int a = (row - blockRow) * depth;
            long target = cOffset + (row * cStride + column) * Float.BYTES;
            int height = Math.min(ROW_PANEL, rows - row);
            int width = Math.min(COLUMN_PANEL, columns - column);
            if (height == ROW_PANEL && width == COLUMN_PANEL) {
              tile.multiply(panels, a, columnPanels, b, depth, c, target, cStride);
            } else {
              tile.multiply(panels, a, columnPanels, b, depth, edge, 0, COLUMN_PANEL);
              copyEdge(edge, height, width, c, target, cStride);
            }
          }
        }
      }
    }
  }

  /** The row panels of a block in an array of this thread's, see {@link SimdTile}. */
  private static float[] blockPanels(MemorySegment rowPanels, int first, int end, int depth) {
    int floats = Math.toIntExact(panels(end - first, ROW_PANEL) * ROW_PANEL * depth);
    float[] panels = BLOCK_PANELS.get();
    if (panels.length < floats) {
      panels = new float[floats];
      if (floats <= KEPT_FLOATS) {
        BLOCK_PANELS.set(panels);
      }
    }
    MemorySegment.copy(
        rowPanels, ValueLayout.JAVA_FLOAT, (long) first * depth * Float.BYTES, panels, 0, floats);
    return panels;
  }

  private static void copyEdge(
      MemorySegment edge, int height, int width, MemorySegment c, long cOffset, long cStride) {
    for (int row = 0; row < height; row++) {
      MemorySegment.copy(
          edge,
          (long) row * COLUMN_PANEL * Float.BYTES,
          c,
          cOffset + row * cStride * Float.BYTES,
          (long) width * Float.BYTES);
    }
  }

  /**
   * Packs and multiplies whole tensors.
   *
   * @param a float32 {@code [m, depth]}
   * @param b float32 {@code [n, depth]}, packed as a whole: needs as much memory again
   * @param c float32 {@code [m, n]}, overwritten
   */
  public static void multiply(Tensor a, Tensor b, Tensor c, int threads) {
    requireMatrix(a);
    requireMatrix(b);
    requireMatrix(c);
    if (a.size(1) != b.size(1) || c.size(0) != a.size(0) || c.size(1) != b.size(0)) {
      throw new IllegalArgumentException("%s x %s^T does not give %s".formatted(a, b, c));
    }
    int depth = Math.toIntExact(a.size(1));
    int columns = Math.toIntExact(b.size(0));
    long rows = a.size(0);
    try (Arena shared = Arena.ofShared()) {
      MemorySegment columnPanels =
          shared.allocate(Math.max(1, packedColumnBytes(columns, depth)), 64);
      packColumns(b.segment(), 0, columns, depth, columnPanels);
      int taskRows = taskRows(rows, threads);
      Parallel.forEach(
          threads,
          Math.ceilDiv(rows, taskRows),
          task -> {
            long first = task * taskRows;
            int count = (int) Math.min(taskRows, rows - first);
            try (Arena arena = Arena.ofConfined()) {
              MemorySegment rowPanels =
                  arena.allocate(Math.max(1, packedRowBytes(count, depth)), 64);
              packRows(a.segment(), first * depth * Float.BYTES, count, depth, rowPanels);
              multiply(
                  rowPanels,
                  count,
                  columnPanels,
                  columns,
                  depth,
                  c.segment(),
                  first * columns * Float.BYTES,
                  columns);
            }
          });
    }
  }

  /** Rows of a task, so that all threads end at about the same time: a multiple of a panel. */
  public static int taskRows(long rows, int threads) {
    long rounds = Math.ceilDiv(Math.max(1, rows), (long) MOST_TASK_ROWS * threads);
    long panels = Math.ceilDiv(Math.ceilDiv(Math.max(1, rows), rounds * threads), ROW_PANEL);
    return Math.toIntExact(panels * ROW_PANEL);
  }

  private static void requireMatrix(Tensor tensor) {
    if (tensor.rank() != 2 || tensor.dtype() != DType.F32) {
      throw new IllegalArgumentException("expected a float32 matrix, found " + tensor);
    }
  }
}
