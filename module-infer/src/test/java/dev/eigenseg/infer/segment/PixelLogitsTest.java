package dev.eigenseg.infer.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.SegmentOptions.Windows;
import dev.eigenseg.api.Segmentation;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.Fixtures;
import dev.eigenseg.infer.TestSeed;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Pixel logits of random shapes against scalar oracles, read whole and in parts. */
class PixelLogitsTest {
  private final Random random = TestSeed.random();

  private static float[] read(PixelLogits logits, int y, int rows, int x, int columns) {
    try (Arena arena = Arena.ofShared()) {
      long count = (long) rows * columns * logits.clusters();
      MemorySegment target = arena.allocate(count * Float.BYTES, 64);
      logits.read(y, rows, x, columns, target);
      return target.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static float[] whole(PixelLogits logits) {
    return read(logits, 0, logits.height(), 0, logits.width());
  }

  /** Random rectangles hold the same bits as the whole. */
  private void partsAreParts(PixelLogits logits) {
    float[] all = whole(logits);
    int clusters = logits.clusters();
    for (int trial = 0; trial < 10; trial++) {
      int y = random.nextInt(logits.height());
      int x = random.nextInt(logits.width());
      int rows = 1 + random.nextInt(logits.height() - y);
      int columns = 1 + random.nextInt(logits.width() - x);
      float[] part = read(logits, y, rows, x, columns);
      for (int i = 0; i < part.length; i++) {
        int pixel = i / clusters;
        int at = (y + pixel / columns) * logits.width() + x + pixel % columns;
        assertEquals(all[at * clusters + i % clusters], part[i], 0f);
      }
    }
  }

  private GridLogits grid(ImageGeometry geometry, Size image, int clusters, boolean mirrored) {
    long cells =
        (long) geometry.gridRows(image.width(), image.height())
            * geometry.gridColumns(image.width(), image.height());
    return GridLogits.of(
        Fixtures.gaussian(random, 3, cells, clusters),
        geometry,
        image,
        mirrored,
        1 + random.nextInt(4));
  }

  private Size size(int limit) {
    return new Size(1 + random.nextInt(limit), 1 + random.nextInt(limit));
  }

  @Test
  void gridsHaveTheWinnersOfTheUpsampler() {
    for (int trial = 0; trial < 30; trial++) {
      Size image = size(60);
      Optional<Size> resize = random.nextBoolean() ? Optional.empty() : Optional.of(size(60));
      ImageGeometry geometry = new ImageGeometry(resize, 1 + random.nextInt(20));
      int rows = geometry.gridRows(image.width(), image.height());
      int columns = geometry.gridColumns(image.width(), image.height());
      int clusters = 1 + random.nextInt(40);
      Tensor cells = Fixtures.gaussian(random, 3, (long) rows * columns, clusters);
      try (GridLogits grid = GridLogits.of(cells, geometry, image, false, 2)) {
        Segmentation expected =
            Upsampler.argmax(
                cells, rows, columns, geometry, image.width(), image.height(), Optional.empty(), 1);
        // Strips of any size, also less than a pixel.
        short[] found = TiledArgmax.of(grid, random.nextInt(1 << 14), 1 + random.nextInt(3));
        for (int i = 0; i < found.length; i++) {
          int cluster = expected.clusterAt(i % image.width(), i / image.width());
          assertEquals(cluster, Short.toUnsignedInt(found[i]));
        }
        partsAreParts(grid);
      }
    }
  }

  @Test
  void mirroredGridsCountFromTheRight() {
    Size image = size(50);
    ImageGeometry geometry = new ImageGeometry(Optional.empty(), 7);
    Tensor cells =
        Fixtures.gaussian(
            random,
            1,
            (long) geometry.gridRows(image.width(), image.height())
                * geometry.gridColumns(image.width(), image.height()),
            3);
    try (GridLogits plain = GridLogits.of(cells, geometry, image, false, 1);
        GridLogits mirrored = GridLogits.of(cells, geometry, image, true, 1)) {
      for (int x = 0; x < image.width(); x++) {
        assertArrayEquals(
            read(plain, 0, image.height(), x, 1),
            read(mirrored, 0, image.height(), image.width() - 1 - x, 1));
      }
    }
  }

  @Test
  void gridsThatAreNotFiniteAreRefusedAndFreed() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      Tensor cells = Tensor.of(new float[] {0, 1, bad, 3}, 2, 2);
      ImageGeometry geometry = new ImageGeometry(Optional.empty(), 16);
      assertThrows(
          BadInputException.class,
          () -> GridLogits.of(cells, geometry, new Size(32, 16), false, 1).close());
      assertThrows(IllegalStateException.class, cells::segment);
    }
  }

  /** Windows of random logits, and the sums and counts of a scalar oracle. */
  private final class Sliding {
    final Size view;
    final Windows windows;
    final int clusters = 1 + random.nextInt(20);
    final AtomicInteger computed = new AtomicInteger();
    final double[] sums;
    final int[] counts;
    final List<int[]> anchors = new ArrayList<>();
    final List<Tensor> cells = new ArrayList<>();
    final ImageGeometry geometry = new ImageGeometry(Optional.empty(), 1 + random.nextInt(8));

    Sliding() {
      int side = 1 + random.nextInt(20);
      windows = new Windows(side, 1 + random.nextInt(side));
      view = new Size(side + random.nextInt(60), side + random.nextInt(60));
      sums = new double[view.width() * view.height() * clusters];
      counts = new int[view.width() * view.height()];
      for (int top : WindowAnchors.along(view.height(), side, windows.stride())) {
        for (int left : WindowAnchors.along(view.width(), side, windows.stride())) {
          add(top, left);
        }
      }
    }

    private void add(int top, int left) {
      int side = windows.size();
      int grid = Math.ceilDiv(side, geometry.patchSize());
      anchors.add(new int[] {top, left});
      cells.add(Fixtures.gaussian(random, 1, (long) grid * grid, clusters));
      try (GridLogits logits = logits(top, left)) {
        float[] values = whole(logits);
        for (int i = 0; i < side * side; i++) {
          int pixel = (top + i / side) * view.width() + left + i % side;
          counts[pixel]++;
          for (int k = 0; k < clusters; k++) {
            sums[pixel * clusters + k] += values[i * clusters + k];
          }
        }
      }
      computed.set(0);
    }

    GridLogits logits(int top, int left) {
      computed.incrementAndGet();
      int index = 0;
      while (anchors.get(index)[0] != top || anchors.get(index)[1] != left) {
        index++;
      }
      Size window = new Size(windows.size(), windows.size());
      Tensor copy = Tensor.of(cells.get(index).toFloats(), cells.get(index).shape());
      return GridLogits.of(copy, geometry, window, false, 1);
    }

    WindowedLogits open(long cacheBytes, int threads) {
      return new WindowedLogits(
          view, windows, clusters, (top, left, ignored) -> logits(top, left), cacheBytes, threads);
    }

    void close() {
      cells.forEach(Tensor::close);
    }
  }

  @Test
  void windowsAreAveragedAndComputedOnce() {
    for (int trial = 0; trial < 30; trial++) {
      Sliding sliding = new Sliding();
      try (WindowedLogits logits = sliding.open(0, 1 + random.nextInt(4))) {
        float[] found = new float[sliding.sums.length];
        for (int y = 0; y < logits.height(); ) {
          int rows = 1 + random.nextInt(Math.min(9, logits.height() - y));
          float[] strip = read(logits, y, rows, 0, logits.width());
          System.arraycopy(strip, 0, found, y * logits.width() * logits.clusters(), strip.length);
          y += rows;
        }
        assertEquals(sliding.anchors.size(), sliding.computed.get(), "windows computed twice");
        for (int i = 0; i < found.length; i++) {
          int count = sliding.counts[i / logits.clusters()];
          assertEquals(sliding.sums[i] / count, found[i], 1e-5 * Math.max(1, Math.abs(found[i])));
        }
        partsAreParts(logits);
      }
      try (WindowedLogits cached = sliding.open(Long.MAX_VALUE, 2)) {
        sliding.computed.set(0);
        partsAreParts(cached);
        assertEquals(sliding.anchors.size(), sliding.computed.get(), "windows were not kept");
      }
      sliding.close();
    }
  }

  @Test
  void aWindowThatFailsFreesTheOthers() {
    Size view = new Size(40, 10);
    List<GridLogits> made = new ArrayList<>();
    WindowModel failing =
        (top, left, threads) -> {
          if (left == 30) {
            throw new BadInputException("the last window");
          }
          made.add(grid(new ImageGeometry(Optional.empty(), 5), new Size(10, 10), 2, false));
          return made.getLast();
        };
    try (WindowedLogits logits = new WindowedLogits(view, new Windows(10, 10), 2, failing, 0, 1)) {
      assertThrows(BadInputException.class, () -> read(logits, 0, 10, 0, 40));
    }
    assertEquals(3, made.size());
    made.forEach(window -> assertThrows(IllegalStateException.class, () -> whole(window)));
  }

  @Test
  void resizingTwiceIsResizingOnceOfAGrid() {
    for (int trial = 0; trial < 30; trial++) {
      Size from = size(40);
      Size to = size(90);
      int clusters = 1 + random.nextInt(20);
      boolean mirrored = random.nextBoolean();
      Tensor cells = Fixtures.gaussian(random, 1, (long) from.width() * from.height(), clusters);
      ImageGeometry pixels = new ImageGeometry(Optional.of(from), 1);
      try (GridLogits same = GridLogits.of(cells, pixels, from, false, 1);
          GridLogits expected = GridLogits.of(cells, pixels, to, mirrored, 1)) {
        ResizedLogits found = new ResizedLogits(same, to, mirrored, 1 + random.nextInt(3));
        assertArrayEquals(whole(expected), whole(found), 2e-6f);
        partsAreParts(found);
      }
    }
  }

  @Test
  void largeViewsAreResizedInPieces() {
    // Four rows of the source are more than is read at a time.
    Size from = new Size(3000, 12);
    Size to = new Size(1100, 5);
    Tensor cells = Fixtures.gaussian(random, 1, (long) from.width() * from.height(), 401);
    ImageGeometry pixels = new ImageGeometry(Optional.of(from), 1);
    try (GridLogits same = GridLogits.of(cells, pixels, from, false, 1);
        GridLogits expected = GridLogits.of(cells, pixels, to, true, 1)) {
      assertArrayEquals(whole(expected), whole(new ResizedLogits(same, to, true, 2)), 2e-6f);
    }
  }

  @Test
  void viewsAreAveragedAfterASoftmax() {
    for (int trial = 0; trial < 20; trial++) {
      Size image = size(20);
      int clusters = 1 + random.nextInt(30);
      List<PixelLogits> views = new ArrayList<>();
      List<GridLogits> owned = new ArrayList<>();
      for (int i = 0; i < 1 + trial % 4; i++) {
        Optional<Size> resize = Optional.of(size(30));
        owned.add(grid(new ImageGeometry(resize, 4), image, clusters, random.nextBoolean()));
        views.add(owned.getLast());
      }
      MeanProbabilities mean = new MeanProbabilities(views, 0.3f, 1 + random.nextInt(3));
      double[] expected = new double[image.width() * image.height() * clusters];
      for (PixelLogits view : views) {
        float[] values = whole(view);
        for (int first = 0; first < values.length; first += clusters) {
          double sum = 0;
          for (int k = 0; k < clusters; k++) {
            sum += Math.exp(values[first + k] / 0.3);
          }
          for (int k = 0; k < clusters; k++) {
            expected[first + k] += Math.exp(values[first + k] / 0.3) / sum / views.size();
          }
        }
      }
      float[] found = whole(mean);
      float[] logarithms = whole(mean.logarithms());
      for (int i = 0; i < found.length; i++) {
        assertEquals(expected[i], found[i], 1e-5);
        assertTrue(logarithms[i] >= -88 && logarithms[i] < 1e-5);
        assertEquals(found[i], Math.exp(logarithms[i]), 1e-6);
      }
      partsAreParts(mean);
      owned.forEach(GridLogits::close);
    }
  }
}
