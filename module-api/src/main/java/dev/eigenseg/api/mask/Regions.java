package dev.eigenseg.api.mask;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The connected parts of an index map, and their borders along the edges of pixels. Pixels are
 * connected by their sides; corners do not connect.
 */
final class Regions {
  // Right, down, left, up: each is a right turn after the one before.
  private static final int[] STEP_X = {1, 0, -1, 0};
  private static final int[] STEP_Y = {0, 1, 0, -1};

  // The pixel on the right of a step that begins at (0, 0), and the one on its left.
  private static final int[] RIGHT_X = {0, -1, -1, 0};
  private static final int[] RIGHT_Y = {0, 0, -1, -1};
  private static final int[] LEFT_X = {0, 0, -1, -1};
  private static final int[] LEFT_Y = {-1, 0, 0, -1};

  private final int width;
  private final int height;
  private final int[] regionOfPixel;
  private final List<Region> regions = new ArrayList<>();

  /**
   * A part.
   *
   * @param value of the index map
   * @param loops its borders, the part on their right: one around it, and one around each hole
   */
  record Region(int value, List<Loop> loops) {}

  /** A closed line through the corners of pixels: its turning points. */
  record Loop(List<Point> points) {
    /** Above zero where the line encloses its part, below zero where it encloses a hole. */
    long doubleArea() {
      long sum = 0;
      Point last = points.getLast();
      for (Point point : points) {
        sum += (long) last.x() * point.y() - (long) point.x() * last.y();
        last = point;
      }
      return sum;
    }
  }

  /** A corner of pixels. */
  record Point(int x, int y) {}

  private Regions(IndexMap labels) {
    width = labels.width();
    height = labels.height();
    regionOfPixel = new int[Math.multiplyExact(width, height)];
    Arrays.fill(regionOfPixel, -1);
    for (int pixel = 0; pixel < regionOfPixel.length; pixel++) {
      if (regionOfPixel[pixel] < 0) {
        fill(labels, pixel);
      }
    }
    trace();
  }

  /** All parts, in the order of their first pixels, row by row. */
  static List<Region> of(IndexMap labels) {
    return List.copyOf(new Regions(labels).regions);
  }

  private void fill(IndexMap labels, int first) {
    int region = regions.size();
    int value = labels.at(first % width, first / width);
    regions.add(new Region(value, new ArrayList<>()));
    int[] open = new int[64];
    int count = 0;
    open[count++] = first;
    regionOfPixel[first] = region;
    while (count > 0) {
      int pixel = open[--count];
      if (count + 4 > open.length) {
        open = Arrays.copyOf(open, 2 * open.length);
      }
      for (int side = 0; side < 4; side++) {
        int x = pixel % width + STEP_X[side];
        int y = pixel / width + STEP_Y[side];
        if (inside(x, y) && regionOfPixel[y * width + x] < 0 && labels.at(x, y) == value) {
          regionOfPixel[y * width + x] = region;
          open[count++] = y * width + x;
        }
      }
    }
  }

  private boolean inside(int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < height;
  }

  private boolean in(int region, int x, int y) {
    return inside(x, y) && regionOfPixel[y * width + x] == region;
  }

  // Every loop runs along the upper side of some pixel of its part.
  private void trace() {
    BitSet traced = new BitSet(regionOfPixel.length);
    for (int pixel = 0; pixel < regionOfPixel.length; pixel++) {
      int region = regionOfPixel[pixel];
      if (!traced.get(pixel) && !in(region, pixel % width, pixel / width - 1)) {
        regions.get(region).loops().add(loop(region, pixel, traced));
      }
    }
  }

  private Loop loop(int region, int start, BitSet traced) {
    List<Point> points = new ArrayList<>();
    int x = start % width;
    int y = start / width;
    int direction = 0;
    do {
      if (direction == 0) {
        traced.set(y * width + x);
      }
      x += STEP_X[direction];
      y += STEP_Y[direction];
      int next = turn(region, x, y, direction);
      if (next != direction) {
        points.add(new Point(x, y));
        direction = next;
      }
    } while (direction != 0 || y * width + x != start || x == width);
    return new Loop(points);
  }

  private int turn(int region, int x, int y, int direction) {
    if (!in(region, x + RIGHT_X[direction], y + RIGHT_Y[direction])) {
      return (direction + 1) % 4;
    }
    return in(region, x + LEFT_X[direction], y + LEFT_Y[direction])
        ? (direction + 3) % 4
        : direction;
  }
}
