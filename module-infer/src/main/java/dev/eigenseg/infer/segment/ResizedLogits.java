package dev.eigenseg.infer.segment;

import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.internal.kernel.Axis;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.infer.layer.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The logits of a view at another size, by half-pixel bilinear interpolation without antialiasing,
 * and mirrored back where the view was mirrored.
 */
final class ResizedLogits implements PixelLogits {
  private static final long SOURCE_BYTES =
      16L << 20; // that are read at a time, one pixel's at least

  private final VectorMath math = VectorMath.best();
  private final PixelLogits source;
  private final Axis horizontal;
  private final Axis vertical;
  private final int threads;

  /**
   * Resizes a view.
   *
   * @param source borrowed
   * @param mirrored whether the view shows the image mirrored from left to right
   */
  ResizedLogits(PixelLogits source, Size size, boolean mirrored, int threads) {
    this.source = source;
    this.threads = threads;
    Axis across = Axis.of(size.width(), source.width()).inIntervals();
    horizontal = mirrored ? across.mirrored() : across;
    vertical = Axis.of(size.height(), source.height()).inIntervals();
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
    return source.clusters();
  }

  @Override
  public void read(int firstRow, int rows, int firstColumn, int columns, MemorySegment target) {
    long rowBytes = (long) columns * clusters() * Float.BYTES;
    readPart(new Part(firstRow, rows, firstColumn, columns), target, 0, rowBytes);
  }

  /** A rectangle of the result. */
  private record Part(int firstRow, int rows, int firstColumn, int columns) {}

  /** Reads a rectangle whose rows lie {@code rowBytes} apart, in halves if its source is large. */
  private void readPart(Part part, MemorySegment target, long offset, long rowBytes) {
    Axis.Cells down = vertical.cells(part.firstRow, part.rows);
    Axis.Cells across = horizontal.cells(part.firstColumn, part.columns);
    long pixelBytes = (long) clusters() * Float.BYTES;
    long bytes = Math.multiplyExact((long) down.count() * across.count(), pixelBytes);
    if (bytes > SOURCE_BYTES && part.rows > 1) {
      int half = part.rows / 2;
      int middle = part.firstRow + half;
      Part upper = new Part(part.firstRow, half, part.firstColumn, part.columns);
      Part lower = new Part(middle, part.rows - half, part.firstColumn, part.columns);
      readPart(upper, target, offset, rowBytes);
      readPart(lower, target, offset + half * rowBytes, rowBytes);
      return;
    }
    if (bytes > SOURCE_BYTES && part.columns > 1) {
      int half = part.columns / 2;
      int middle = part.firstColumn + half;
      Part left = new Part(part.firstRow, part.rows, part.firstColumn, half);
      Part right = new Part(part.firstRow, part.rows, middle, part.columns - half);
      readPart(left, target, offset, rowBytes);
      readPart(right, target, offset + half * pixelBytes, rowBytes);
      return;
    }
    // Shared, since the rows are made by several threads.
    try (Arena arena = Arena.ofShared()) {
      MemorySegment cells = Scratch.floats(arena, (long) down.count() * across.count(), clusters());
      source.read(down.first(), down.count(), across.first(), across.count(), cells);
      Parallel.forEach(
          threads,
          part.rows,
          y -> row(part, (int) y, cells, down, across, target, offset + y * rowBytes));
    }
  }

  private void row(
      Part part,
      int y,
      MemorySegment cells,
      Axis.Cells down,
      Axis.Cells across,
      MemorySegment target,
      long offset) {
    int clusters = clusters();
    long cellBytes = (long) clusters * Float.BYTES;
    long lineBytes = across.count() * cellBytes;
    int cell = vertical.first()[part.firstRow + y];
    long upper = (cell - down.first()) * lineBytes;
    long lower = (vertical.second(cell) - down.first()) * lineBytes;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment line = Scratch.floats(arena, across.count(), clusters);
      float weight = vertical.weight()[part.firstRow + y];
      math.mix(cells, upper, cells, lower, weight, line, 0, (long) across.count() * clusters);
      for (int x = 0; x < part.columns; x++) {
        int before = horizontal.first()[part.firstColumn + x];
        long left = (before - across.first()) * cellBytes;
        long right = (horizontal.second(before) - across.first()) * cellBytes;
        float toRight = horizontal.weight()[part.firstColumn + x];
        math.mix(line, left, line, right, toRight, target, offset + x * cellBytes, clusters);
      }
    }
  }
}
