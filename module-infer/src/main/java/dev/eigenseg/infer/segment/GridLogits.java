package dev.eigenseg.infer.segment;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.internal.kernel.Axis;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.CallScope;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.layer.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns the logits of a grid of patches and gives those of pixels, by one bilinear step. Reading is
 * thread-safe.
 */
final class GridLogits implements PixelLogits, AutoCloseable {
  private static final int BANDS_PER_THREAD = 4;

  private final VectorMath math = VectorMath.best();
  private final Tensor logits;
  private final Axis horizontal;
  private final Axis vertical;
  private final int clusters;
  private final int threads;

  private GridLogits(Tensor logits, Axis horizontal, Axis vertical, int threads) {
    this.logits = logits;
    this.horizontal = horizontal;
    this.vertical = vertical;
    this.threads = threads;
    clusters = Math.toIntExact(logits.size(1));
  }

  /**
   * Logits for the pixels of an image.
   *
   * @param logits float32 {@code [gridRows * gridColumns, clusters]}; owned from here on, also if
   *     this call fails
   * @param geometry how an image of the given size became the grid
   * @param mirrored whether the grid is that of the mirrored image
   * @param threads that work on one reading
   * @throws BadInputException if a logit is not finite
   */
  static GridLogits of(
      Tensor logits, ImageGeometry geometry, Size image, boolean mirrored, int threads) {
    try {
      int rows = geometry.gridRows(image.width(), image.height());
      int columns = geometry.gridColumns(image.width(), image.height());
      if (logits.dtype() != DType.F32
          || logits.rank() != 2
          || logits.size(0) != (long) rows * columns) {
        throw new IllegalArgumentException(
            "expected float32 logits of %d x %d patches, found %s"
                .formatted(columns, rows, logits));
      }
      checkFinite(logits);
      Size content = geometry.content(image.width(), image.height());
      double patch = geometry.patchSize();
      Axis horizontal = Axis.of(image.width(), columns, content.width() / patch).inIntervals();
      Axis vertical = Axis.of(image.height(), rows, content.height() / patch).inIntervals();
      return new GridLogits(
          logits, mirrored ? horizontal.mirrored() : horizontal, vertical, threads);
    } catch (RuntimeException | Error e) {
      logits.close();
      throw e;
    }
  }

  /** Refuses what a damaged model gives. */
  static void checkFinite(Tensor logits) {
    MemorySegment memory = logits.segment();
    float sum = 0; // of zeros, unless something is an infinity or not a number
    CallScope scope = CallScope.current();
    for (long i = 0; i < logits.size(); i++) {
      if (i % (1 << 20) == 0) {
        scope.check();
      }
      sum += 0 * memory.getAtIndex(ValueLayout.JAVA_FLOAT, i);
    }
    if (sum != 0) {
      throw notFinite();
    }
  }

  static BadInputException notFinite() {
    return new BadInputException(
        "the model gives logits that are not finite for this image; it or its backbone is damaged");
  }

  @Override
  public int width() {
    return horizontal.size();
  }

  @Override
  public int height() {
    return vertical.size();
  }

  @Override
  public int clusters() {
    return clusters;
  }

  /** The memory that this holds. */
  long bytes() {
    return logits.segment().byteSize();
  }

  @Override
  public void read(int firstRow, int rows, int firstColumn, int columns, MemorySegment target) {
    int bands = Math.min(rows, threads == 1 ? 1 : threads * BANDS_PER_THREAD);
    Parallel.forEach(
        threads,
        bands,
        band -> {
          try (Arena arena = Arena.ofShared()) {
            MemorySegment scratch = scratch(arena);
            CallScope scope = CallScope.current();
            int end = (int) ((band + 1) * rows / bands);
            for (int y = (int) (band * rows / bands); y < end; y++) {
              scope.check();
              long offset = (long) y * columns * clusters * Float.BYTES;
              row(firstRow + y, firstColumn, columns, 0, scratch, target, offset);
            }
          }
        });
  }

  /** Memory for {@link #row}: a row of the grid at a pixel's height, and one pixel. */
  MemorySegment scratch(Arena arena) {
    return Scratch.floats(arena, horizontal.cells() + 1L, clusters);
  }

  /**
   * Computes some pixels of one row.
   *
   * @param added how many of them, from the first on, are added to the target; the others replace
   *     what is there
   */
  void row(
      int y,
      int firstColumn,
      int columns,
      int added,
      MemorySegment scratch,
      MemorySegment target,
      long targetOffset) {
    long cellBytes = (long) clusters * Float.BYTES;
    mixRows(y, horizontal.cells(firstColumn, columns), scratch);
    long pixel = horizontal.cells() * cellBytes;
    for (int x = 0; x < columns; x++) {
      int cell = horizontal.first()[firstColumn + x];
      long left = cell * cellBytes;
      long right = horizontal.second(cell) * cellBytes;
      float weight = horizontal.weight()[firstColumn + x];
      long offset = targetOffset + x * cellBytes;
      if (x < added) {
        math.mix(scratch, left, scratch, right, weight, scratch, pixel, clusters);
        math.axpy(1, scratch, pixel, target, offset, clusters);
      } else {
        math.mix(scratch, left, scratch, right, weight, target, offset, clusters);
      }
    }
  }

  private void mixRows(int y, Axis.Cells cells, MemorySegment scratch) {
    long cellBytes = (long) clusters * Float.BYTES;
    int cell = vertical.first()[y];
    long upper = ((long) cell * horizontal.cells() + cells.first()) * cellBytes;
    long lower = ((long) vertical.second(cell) * horizontal.cells() + cells.first()) * cellBytes;
    MemorySegment grid = logits.segment();
    long count = (long) cells.count() * clusters;
    math.mix(
        grid, upper, grid, lower, vertical.weight()[y], scratch, cells.first() * cellBytes, count);
  }

  @Override
  public void close() {
    logits.close();
  }
}
