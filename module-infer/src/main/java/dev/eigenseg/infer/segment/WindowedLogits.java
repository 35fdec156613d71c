package dev.eigenseg.infer.segment;

import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.SegmentOptions.Windows;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.internal.resource.Closing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Owns the logits of windows that slide over a view; where they overlap, a pixel has their mean. A
 * row of windows is computed when its pixels are first asked for, and freed when they are not asked
 * for any more and the memory is needed. Reading from top to bottom computes every window once.
 */
final class WindowedLogits implements PixelLogits, AutoCloseable {
  private final VectorMath math = VectorMath.best();
  private final int width;
  private final int height;
  private final int clusters;
  private final int window;
  private final int[] tops;
  private final int[] lefts;
  private final int[] windowsAcross; // for each column the windows of a row that see it
  private final WindowModel model;
  private final long cacheBytes;
  private final int threads;
  private final SequencedMap<Integer, GridLogits[]> bands =
      new LinkedHashMap<>(); // oldest use first

  /**
   * Logits of which nothing is computed yet.
   *
   * @param view the view's size, neither side below the window
   * @param model gives the logits of one window; borrowed
   * @param cacheBytes how many bytes of windows may be kept that the last reading did not need
   * @param threads that work on one reading
   */
  WindowedLogits(
      Size view, Windows windows, int clusters, WindowModel model, long cacheBytes, int threads) {
    width = view.width();
    height = view.height();
    window = windows.size();
    tops = WindowAnchors.along(height, window, windows.stride());
    lefts = WindowAnchors.along(width, window, windows.stride());
    windowsAcross = new int[width];
    for (int left : lefts) {
      for (int x = left; x < left + window; x++) {
        windowsAcross[x]++;
      }
    }
    this.clusters = clusters;
    this.model = model;
    this.cacheBytes = cacheBytes;
    this.threads = threads;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public int clusters() {
    return clusters;
  }

  @Override
  public void read(int firstRow, int rows, int firstColumn, int columns, MemorySegment target) {
    int firstBand = firstCovering(tops, firstRow);
    int endBand = endCovering(tops, firstRow + rows - 1);
    evict(firstBand, endBand);
    for (int band = firstBand; band < endBand; band++) {
      use(band);
    }
    Parallel.forEach(
        threads,
        rows,
        y -> {
          long offset = y * columns * clusters * Float.BYTES;
          row(firstRow + (int) y, firstColumn, columns, target, offset);
        });
  }

  /** The first window that reaches a pixel. */
  private int firstCovering(int[] anchors, int pixel) {
    int index = Arrays.binarySearch(anchors, pixel - window + 1);
    return index >= 0 ? index : -index - 1;
  }

  /** After the last window that begins at a pixel or before it. */
  private static int endCovering(int[] anchors, int pixel) {
    int index = Arrays.binarySearch(anchors, pixel);
    return index >= 0 ? index + 1 : -index - 1;
  }

  /** Frees rows of windows outside a range, longest unused first, down to the limit. */
  private void evict(int firstBand, int endBand) {
    long kept = 0;
    for (var band : bands.entrySet()) {
      kept += isIn(band.getKey(), firstBand, endBand) ? 0 : bytes(band.getValue());
    }
    Iterator<Map.Entry<Integer, GridLogits[]>> oldest = bands.entrySet().iterator();
    while (kept > cacheBytes && oldest.hasNext()) {
      var band = oldest.next();
      if (!isIn(band.getKey(), firstBand, endBand)) {
        kept -= bytes(band.getValue());
        close(band.getValue());
        oldest.remove();
      }
    }
  }

  private static boolean isIn(int band, int first, int end) {
    return band >= first && band < end;
  }

  private static long bytes(GridLogits[] band) {
    return Arrays.stream(band).mapToLong(GridLogits::bytes).sum();
  }

  /** Computes a row of windows unless it is there, and makes it the most recently used. */
  private void use(int band) {
    GridLogits[] there = bands.remove(band);
    bands.putLast(band, there == null ? compute(tops[band]) : there);
  }

  private GridLogits[] compute(int top) {
    GridLogits[] band = new GridLogits[lefts.length];
    int workers = Math.min(threads, band.length);
    try {
      Parallel.forEach(
          workers,
          band.length,
          i -> band[(int) i] = model.logits(top, lefts[(int) i], threads / workers));
      return band;
    } catch (RuntimeException | Error e) {
      Closing.after(e, band);
      throw e;
    }
  }

  private static void close(GridLogits[] band) {
    Closing.all(Arrays.asList(band), GridLogits::close);
  }

  private void row(int y, int firstColumn, int columns, MemorySegment target, long targetOffset) {
    int firstBand = firstCovering(tops, y);
    int endBand = endCovering(tops, y);
    int firstWindow = firstCovering(lefts, firstColumn);
    int endWindow = endCovering(lefts, firstColumn + columns - 1);
    long pixelBytes = (long) clusters * Float.BYTES;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment scratch = bands.get(firstBand)[0].scratch(arena);
      for (int band = firstBand; band < endBand; band++) {
        int end = firstColumn; // of the pixels that this row of windows has reached
        for (int i = firstWindow; i < endWindow; i++) {
          int from = Math.max(firstColumn, lefts[i]);
          int to = Math.min(firstColumn + columns, lefts[i] + window);
          int added = band > firstBand ? to - from : Math.max(0, Math.min(end, to) - from);
          long offset = targetOffset + (from - firstColumn) * pixelBytes;
          bands.get(band)[i].row(
              y - tops[band], from - lefts[i], to - from, added, scratch, target, offset);
          end = to;
        }
      }
    }
    average(endBand - firstBand, firstColumn, columns, target, targetOffset);
  }

  private void average(
      int bandCount, int firstColumn, int columns, MemorySegment target, long targetOffset) {
    for (int x = 0; x < columns; x++) {
      int count = bandCount * windowsAcross[firstColumn + x];
      if (count > 1) {
        long offset = targetOffset + (long) x * clusters * Float.BYTES;
        math.scale(1f / count, target, offset, clusters);
      }
    }
  }

  /** How many windows see a pixel. */
  int count(int x, int y) {
    return (endCovering(tops, y) - firstCovering(tops, y)) * windowsAcross[x];
  }

  @Override
  public void close() {
    Closing.all(bands.values(), WindowedLogits::close);
    bands.clear();
  }
}
