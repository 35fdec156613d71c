package dev.eigenseg.api.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.internal.resource.LentMemory;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;

/**
 * Matrix products {@code C = A B^T} of float32 matrices outside the heap, A {@code [m, depth]} and
 * B {@code [n, depth]}, row-major.
 *
 * <p>Both operands are packed into panels first: {@link #rowPanel()} rows of A, each panel as
 * {@code [depth / 16][rows][16]}, and {@link #columnPanel()} rows of B (columns of C), each panel
 * as {@code [depth][columns]}, the last ones padded with zeros. Every element of C is one chain of
 * fused multiply-adds from k = 0 to depth - 1 starting at 0. Its bits therefore depend neither on
 * tile sizes, nor on the vectors' length, nor on which operand is A. Stateless and thread-safe.
 */
public final class Gemm {
  private static final int LANES = SimdMath.FLOATS.length();
  private static final int ROW_PANEL = SimdTile.ROWS;
  private static final int COLUMN_PANEL = 2 * LANES;

  /**
   * Values of a row that lie side by side in its panel: packing copies whole cache lines. One value
   * of each row in turn, which the tile reads as fast, took four times longer to pack: on Zen 4 6 %
   * of the time of a product of depth 384 with 384 columns, and more where multiply-adds are
   * faster.
   */
  static final int RUN = Math.max(16, LANES);

  /**
   * Packed rows that stay in the second-level cache while the column panels pass by: half of it.
   * With a quarter, 256 KiB, a product of depth 2048 took 5 % longer on Zen 4 with AVX2, 1 % with
   * AVX-512.
   */
  private static final long BLOCK_BYTES = CacheSizes.here().planned() / 2;

  private static final int MOST_TASK_ROWS = 240;

  /**
   * Channels of tiles between two questions whether the call goes on: 5 to 10 microseconds. Before
   * the tile is compiled it takes a thousand times longer.
   */
  private static final int ASKING_CHANNELS = 1024;

  /** Column panels that a task packs. */
  private static final int TASK_PANELS = 8;

  // A block's worth, and as much again for deep single panels.
  private static final int KEPT_FLOATS = (int) (2 * BLOCK_BYTES / Float.BYTES);
  private static final ThreadLocal<float[]> OWN_PANELS =
      ThreadLocal.withInitial(() -> new float[0]);

  /** Channels that are transposed at a time: what is written stays in a first-level cache. */
  private static final int CHUNK = 128;

  /** Channels of a panel of B that are on the heap at a time, beside what they are packed into. */
  private static final int PART = 4096;

  // A tile that hangs over C, or whose C is not an arena's own memory, is computed in memory that a
  // product borrows, 1.5 KiB at most. Arrays in its place cost deep products 1 % of their time and
  // shallow ones 5 %: the stores of a tile then meet two kinds of memory.
  private static final LentMemory EDGES =
      new LentMemory((long) ROW_PANEL * COLUMN_PANEL * Float.BYTES, 64);

  /** Apart, since packing weights need not wait until vectors were timed. */
  private static final class Chosen {
    static final GemmTile TILE =
        VectorMath.best() instanceof SimdMath ? SimdTile.forThisProcessor() : new ScalarTile();
  }

  private Gemm() {}

  static GemmTile tile() {
    return Chosen.TILE;
  }

  /** Rows of A in a panel. */
  public static int rowPanel() {
    return ROW_PANEL;
  }

  /** Rows of B, which are columns of C, in a panel. */
  public static int columnPanel() {
    return COLUMN_PANEL;
  }

  /** Bytes of packed rows that a product works on at a time. */
  static long blockBytes() {
    return BLOCK_BYTES;
  }

  /** Bytes that {@link #packRows} fills. */
  public static long packedRowBytes(int rows, int depth) {
    return packedBytes(rows, wholeRuns(depth), ROW_PANEL);
  }

  /** Floats that {@link #packRows} fills in an array. */
  public static int packedRowFloats(int rows, int depth) {
    return Math.toIntExact(packedRowBytes(rows, depth) / Float.BYTES);
  }

  /** Bytes that {@link #packColumns} fills. */
  public static long packedColumnBytes(int columns, int depth) {
    return packedBytes(columns, depth, COLUMN_PANEL);
  }

  private static int wholeRuns(int depth) {
    return Math.addExact(depth, RUN - 1) & -RUN;
  }

  /** Where a value of a row stands in packed rows, in floats. */
  public static long packedRowIndex(long row, int channel, int depth) {
    return row / ROW_PANEL * ROW_PANEL * wholeRuns(depth)
        + indexInPanel((int) (row % ROW_PANEL), channel);
  }

  static int indexInPanel(int row, int channel) {
    return (channel & -RUN) * ROW_PANEL + row * RUN + (channel & (RUN - 1));
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
    Objects.checkFromIndexSize(srcOffset, (long) rows * depth * Float.BYTES, src.byteSize());
    float[] panel = ownPanels(packedRowFloats(ROW_PANEL, depth));
    Objects.checkFromIndexSize(0, packedRowBytes(rows, depth), panels.byteSize());
    for (int first = 0; first < rows; first += ROW_PANEL) {
      int filled = Math.min(ROW_PANEL, rows - first);
      packRows(src, srcOffset + (long) first * depth * Float.BYTES, filled, depth, panel);
      long to = packedRowIndex(first, 0, depth) * Float.BYTES;
      MemorySegment.copy(
          panel, 0, panels, JAVA_FLOAT_UNALIGNED, to, packedRowFloats(ROW_PANEL, depth));
    }
  }

  /** As {@link #packRows}, for weights: without vectors, which are not compiled yet. */
  public static void packWeightRows(
      MemorySegment src, long srcOffset, int rows, int depth, MemorySegment panels) {
    Objects.checkFromIndexSize(srcOffset, (long) rows * depth * Float.BYTES, src.byteSize());
    Objects.checkFromIndexSize(0, packedRowBytes(rows, depth), panels.byteSize());
    float[] dense = new float[Math.multiplyExact(ROW_PANEL, depth)];
    float[] packed = new float[packedRowFloats(ROW_PANEL, depth)];
    for (int first = 0; first < rows; first += ROW_PANEL) {
      int filled = Math.min(ROW_PANEL, rows - first);
      long from = srcOffset + (long) first * depth * Float.BYTES;
      MemorySegment.copy(src, JAVA_FLOAT_UNALIGNED, from, dense, 0, filled * depth);
      packWeightPanel(dense, filled, depth, packed);
      long to = packedRowIndex(first, 0, depth) * Float.BYTES;
      MemorySegment.copy(packed, 0, panels, JAVA_FLOAT_UNALIGNED, to, packed.length);
    }
  }

  private static void packWeightPanel(float[] dense, int filled, int depth, float[] packed) {
    Arrays.fill(packed, 0);
    for (int row = 0; row < filled; row++) {
      for (int channel = 0; channel < depth; channel += RUN) {
        int length = Math.min(RUN, depth - channel);
        int to = indexInPanel(row, channel);
        System.arraycopy(dense, row * depth + channel, packed, to, length);
      }
    }
  }

  /**
   * Packs rows of A for one product: the tile reads them from an array.
   *
   * @param src row-major rows of {@code depth} floats
   * @param panels receives {@link #packedRowFloats} floats
   */
  public static void packRows(
      MemorySegment src, long srcOffset, int rows, int depth, float[] panels) {
    packRows(src, srcOffset, depth, rows, depth, panels);
  }

  /**
   * Packs rows of A for one product: the tile reads them from an array.
   *
   * @param src rows of {@code depth} floats
   * @param srcStride floats from one row to the next, at least {@code depth}
   * @param panels receives {@link #packedRowFloats} floats
   */
  public static void packRows(
      MemorySegment src, long srcOffset, int srcStride, int rows, int depth, float[] panels) {
    GemmTile tile = Chosen.TILE;
    long rowBytes = (long) srcStride * Float.BYTES;
    long last = Math.max(0, rows - 1) * rowBytes;
    Objects.checkFromIndexSize(
        srcOffset, rows == 0 ? 0 : last + (long) depth * Float.BYTES, src.byteSize());
    Objects.checkFromIndexSize(0, packedRowFloats(rows, depth), panels.length);
    int panelFloats = ROW_PANEL * wholeRuns(depth);
    for (int row = 0; row < rows; row++) {
      int to = row / ROW_PANEL * panelFloats + row % ROW_PANEL * RUN;
      tile.packRow(src, srcOffset + row * rowBytes, depth, panels, to);
    }
    int tail = rows % ROW_PANEL;
    for (int row = tail; tail > 0 && row < ROW_PANEL; row++) {
      int to = rows / ROW_PANEL * panelFloats + row * RUN;
      for (int channel = 0; channel < depth; channel += RUN) {
        Arrays.fill(panels, to + channel * ROW_PANEL, to + channel * ROW_PANEL + RUN, 0);
      }
    }
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
    int part = Math.min(depth, PART);
    float[] dense = new float[COLUMN_PANEL * part];
    float[] packed = new float[dense.length];
    for (int first = 0; first < columns; first += COLUMN_PANEL) {
      int filled = Math.min(COLUMN_PANEL, columns - first);
      for (int k = 0, length; k < depth; k += length) {
        length = Math.min(part, depth - k);
        long from = srcOffset + first * rowBytes + (long) k * Float.BYTES;
        copyRows(src, from, filled, depth, dense, length);
        Arrays.fill(dense, filled * length, COLUMN_PANEL * length, 0);
        packPanel(dense, length, packed);
        long to = first * rowBytes + (long) k * COLUMN_PANEL * Float.BYTES;
        MemorySegment.copy(packed, 0, panels, JAVA_FLOAT_UNALIGNED, to, COLUMN_PANEL * length);
      }
    }
  }

  /** The first {@code length} of {@code stride} floats of each row; whole rows at once. */
  private static void copyRows(
      MemorySegment src, long from, int rows, int stride, float[] dense, int length) {
    if (length == stride) {
      MemorySegment.copy(src, JAVA_FLOAT_UNALIGNED, from, dense, 0, rows * length);
      return;
    }
    for (int row = 0; row < rows; row++) {
      long at = from + (long) row * stride * Float.BYTES;
      MemorySegment.copy(src, JAVA_FLOAT_UNALIGNED, at, dense, row * length, length);
    }
  }

  // On arrays, with nothing of a segment in the loops: weights are packed when nothing is compiled
  // yet, and loops over arrays are fast as soon as the quick compiler has seen them. Over segments
  // they took most of the time to the first image, since the optimising compiler assumes too much
  // about their bounds and starts again ten times over; copies from segments between them took it
  // 160 ms.
  private static void packPanel(float[] dense, int length, float[] packed) {
    for (int k = 0; k < length; k += CHUNK) {
      int count = Math.min(CHUNK, length - k);
      for (int row = 0; row < COLUMN_PANEL; row++) {
        spread(dense, row * length + k, count, packed, k * COLUMN_PANEL + row, COLUMN_PANEL);
      }
    }
  }

  private static void spread(
      float[] source, int from, int length, float[] target, int to, int step) {
    for (int i = 0; i < length; i++) {
      target[to + i * step] = source[from + i];
    }
  }

  /**
   * Multiplies packed operands.
   *
   * @param rowPanels from {@link #packRows}
   * @param rows rows of C to write
   * @param columnPanels from {@link #packColumns}, in an arena's own memory
   * @param columns columns of C to write
   * @param c overwritten from {@code cOffset} bytes on
   * @param cStride floats from one row of C to the next, at least {@code columns}
   * @throws IllegalArgumentException if the column panels are on the heap or a mapped file
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
    Objects.checkFromIndexSize(0, packedRowBytes(rows, depth), rowPanels.byteSize());
    check(rows, columnPanels, columns, depth, c, cOffset, cStride);
    int block = blockRows(depth);
    for (long first = 0; first < rows; first += block) {
      int count = (int) Math.min(block, rows - first);
      float[] panels = blockPanels(rowPanels, first, count, depth);
      long target = cOffset + first * cStride * Float.BYTES;
      multiply(Chosen.TILE, panels, count, columnPanels, columns, depth, c, target, cStride);
    }
  }

  /**
   * Multiplies packed operands.
   *
   * @param rowPanels from {@link #packRows}
   * @param rows rows of C to write
   * @param columnPanels from {@link #packColumns}, in an arena's own memory
   * @param columns columns of C to write
   * @param c overwritten from {@code cOffset} bytes on
   * @param cStride floats from one row of C to the next, at least {@code columns}
   * @throws IllegalArgumentException if the column panels are on the heap or a mapped file
   */
  public static void multiply(
      float[] rowPanels,
      int rows,
      MemorySegment columnPanels,
      int columns,
      int depth,
      MemorySegment c,
      long cOffset,
      long cStride) {
    multiply(Chosen.TILE, rowPanels, rows, columnPanels, columns, depth, c, cOffset, cStride);
  }

  /**
   * Multiplies rows of A that are not packed yet: a block of them at a time is, in an array of this
   * thread's, and is multiplied while it is in the second-level cache.
   *
   * @param src row-major rows of {@code depth} floats from {@code srcOffset} bytes on; no part of C
   * @param rows rows of A, and of C to write
   * @param columnPanels from {@link #packColumns}, in an arena's own memory
   * @param columns columns of C to write
   * @param c overwritten from {@code cOffset} bytes on
   * @param cStride floats from one row of C to the next, at least {@code columns}
   * @throws IllegalArgumentException if the column panels are on the heap or a mapped file
   */
  public static void multiplyRows(
      MemorySegment src,
      long srcOffset,
      int rows,
      MemorySegment columnPanels,
      int columns,
      int depth,
      MemorySegment c,
      long cOffset,
      long cStride) {
    long rowBytes = (long) depth * Float.BYTES;
    Objects.checkFromIndexSize(srcOffset, rows * rowBytes, src.byteSize());
    check(rows, columnPanels, columns, depth, c, cOffset, cStride);
    int block = blockRows(depth);
    float[] panels = ownPanels(packedRowFloats(Math.min(rows, block), depth));
    for (long first = 0; first < rows; first += block) {
      int count = (int) Math.min(block, rows - first);
      packRows(src, srcOffset + first * rowBytes, count, depth, panels);
      long target = cOffset + first * cStride * Float.BYTES;
      multiply(panels, count, columnPanels, columns, depth, c, target, cStride);
    }
  }

  static void multiply(
      GemmTile tile,
      float[] rowPanels,
      int rows,
      MemorySegment columnPanels,
      int columns,
      int depth,
      MemorySegment c,
      long cOffset,
      long cStride) {
    Objects.checkFromIndexSize(0, packedRowFloats(rows, depth), rowPanels.length);
    check(rows, columnPanels, columns, depth, c, cOffset, cStride);
    if (rows % ROW_PANEL == 0 && columns % COLUMN_PANEL == 0 && isNative(c)) {
      multiply(
          tile,
          rowPanels,
          rows,
          columnPanels,
          columns,
          depth,
          c,
          cOffset,
          cStride,
          MemorySegment.NULL);
      return;
    }
    MemorySegment edge = EDGES.borrow();
    try {
      multiply(tile, rowPanels, rows, columnPanels, columns, depth, c, cOffset, cStride, edge);
    } finally {
      EDGES.giveBack(edge);
    }
  }

  private static boolean isNative(MemorySegment memory) {
    return memory.getClass() == SimdTile.NATIVE;
  }

  private static void multiply(
      GemmTile tile,
      float[] rowPanels,
      int rows,
      MemorySegment columnPanels,
      int columns,
      int depth,
      MemorySegment c,
      long cOffset,
      long cStride,
      MemorySegment edge) {
    long columnPanelBytes = (long) COLUMN_PANEL * depth * Float.BYTES;
    int block = blockRows(depth);
    boolean direct = isNative(c);
    CallScope scope = CallScope.current();
    int channels = 0;
    for (int blockRow = 0; blockRow < rows; blockRow += block) {
      int blockEnd = (int) Math.min(rows, (long) blockRow + block);
      for (int column = 0; column < columns; column += COLUMN_PANEL) {
        long b = column / COLUMN_PANEL * columnPanelBytes;
        for (int row = blockRow; row < blockEnd; row += ROW_PANEL) {
          channels += depth;
          if (channels >= ASKING_CHANNELS) {
            scope.check();
            channels = 0;
          }
          int a = row * wholeRuns(depth);
          long target = cOffset + (row * cStride + column) * Float.BYTES;
          int height = Math.min(ROW_PANEL, rows - row);
          int width = Math.min(COLUMN_PANEL, columns - column);
          if (direct && height == ROW_PANEL && width == COLUMN_PANEL) {
            tile.multiply(rowPanels, a, columnPanels, b, depth, c, target, cStride);
          } else {
            tile.multiply(rowPanels, a, columnPanels, b, depth, edge, 0, COLUMN_PANEL);
            copyEdge(edge, height, width, c, target, cStride);
          }
        }
      }
    }
  }

  private static void check(
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
    Objects.checkFromIndexSize(0, packedColumnBytes(columns, depth), columnPanels.byteSize());
    if (!isNative(columnPanels)) {
      throw new IllegalArgumentException(
          "expected column panels in an arena's own memory, found " + columnPanels);
    }
    long cBytes = Math.multiplyExact((rows - 1) * cStride + columns, Float.BYTES);
    Objects.checkFromIndexSize(cOffset, cBytes, c.byteSize());
  }

  private static int blockRows(int depth) {
    long panelBytes = packedRowBytes(ROW_PANEL, depth);
    return Math.clamp(BLOCK_BYTES / Math.max(1, panelBytes), 1, 1 << 16) * ROW_PANEL;
  }

  /** Row panels in an array of this thread's. */
  private static float[] blockPanels(MemorySegment rowPanels, long first, int rows, int depth) {
    int floats = packedRowFloats(rows, depth);
    float[] panels = ownPanels(floats);
    MemorySegment.copy(
        rowPanels,
        JAVA_FLOAT_UNALIGNED,
        packedRowIndex(first, 0, depth) * Float.BYTES,
        panels,
        0,
        floats);
    return panels;
  }

  /** An array of this thread's, kept for the next product unless it is very large. */
  private static float[] ownPanels(int floats) {
    float[] panels = OWN_PANELS.get();
    if (panels.length < floats) {
      panels = new float[floats];
      if (floats <= KEPT_FLOATS) {
        OWN_PANELS.set(panels);
      }
    }
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
      packColumns(b.segment(), columns, depth, columnPanels, threads);
      int taskRows = taskRows(rows, threads);
      Parallel.forEach(
          threads,
          Math.ceilDiv(rows, taskRows),
          task -> {
            long end = Math.min(rows, (task + 1) * taskRows);
            long first = task * taskRows;
            multiplyRows(
                a.segment(),
                first * depth * Float.BYTES,
                (int) (end - first),
                columnPanels,
                columns,
                depth,
                c.segment(),
                first * columns * Float.BYTES,
                columns);
          });
    }
  }

  private static void packColumns(
      MemorySegment src, int columns, int depth, MemorySegment panels, int threads) {
    int task = TASK_PANELS * COLUMN_PANEL;
    Parallel.forEach(
        threads,
        Math.ceilDiv(columns, task),
        i -> {
          int first = Math.toIntExact(i * task);
          int count = Math.min(task, columns - first);
          MemorySegment target = panels.asSlice(packedColumnBytes(first, depth));
          packColumns(src, (long) first * depth * Float.BYTES, count, depth, target);
        });
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
