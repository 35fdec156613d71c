package dev.eigenseg.graph.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Finds the nearest points of one image's pixel graph by comparing all; for one thread. */
final class ImageNeighbors {
  private final int rows;
  private final int columns;
  private final float[] red;
  private final float[] green;
  private final float[] blue;
  private final float[] colorDistance;
  private final float[] distance;
  private final Nearest near;
  private final Nearest alike;
  private final int[] union;
  private int count;

  ImageNeighbors(GridColors image, PixelGraphOptions options) {
    rows = image.rows();
    columns = image.columns();
    int patches = image.patches();
    red = new float[patches];
    green = new float[patches];
    blue = new float[patches];
    MemorySegment colors = image.colors().segment();
    for (int p = 0; p < patches; p++) {
      red[p] = colors.getAtIndex(ValueLayout.JAVA_FLOAT, 3L * p);
      green[p] = colors.getAtIndex(ValueLayout.JAVA_FLOAT, 3L * p + 1);
      blue[p] = colors.getAtIndex(ValueLayout.JAVA_FLOAT, 3L * p + 2);
    }
    colorDistance = new float[patches];
    distance = new float[patches];
    near = new Nearest(Math.min(options.nearNeighbors(), patches - 1), options.nearWeight());
    alike = new Nearest(Math.min(options.colorNeighbors(), patches - 1), options.colorWeight());
    union = new int[options.width()];
  }

  /**
   * The chosen neighbours of a point, the first {@link #count()} of the array; valid until the next
   * call.
   */
  int[] of(int point) {
    measureColors(point);
    near.search(point);
    alike.search(point);
    System.arraycopy(near.ids, 0, union, 0, near.ids.length);
    count = near.ids.length;
    for (int id : alike.ids) {
      if (!near.holds(id)) {
        union[count++] = id;
      }
    }
    return union;
  }

  int count() {
    return count;
  }

  // Plain loops over arrays in locals: the compiler vectorises them.
  private void measureColors(int point) {
    addColors(red[point], green[point], blue[point], red, green, blue, colorDistance);
  }

  private static void addColors(
      float r, float g, float b, float[] red, float[] green, float[] blue, float[] target) {
    for (int q = 0; q < target.length; q++) {
      float dr = red[q] - r;
      float dg = green[q] - g;
      float db = blue[q] - b;
      target[q] = dr * dr + dg * dg + db * db;
    }
  }

  private static void addOffsets(
      float[] colors, float[] offsets, int offset, int first, int count, float[] target) {
    for (int i = 0; i < count; i++) {
      target[first + i] = colors[first + i] + offsets[offset + i];
    }
  }

  /** The nearest points at one weight of the position. */
  private final class Nearest {
    private final int[] ids;
    private final float[] distances;
    // Squared distances of positions by their offset, not by their coordinates: equal offsets then
    // tie exactly, and the lower row
    // wins; rounded coordinates would decide by chance on surfaces of one colour.
    private final float[] offsets;

    Nearest(int count, float weight) {
      ids = new int[count];
      distances = new float[count];
      int span = 2 * columns - 1;
      offsets = new float[rows * span];
      for (int dy = 0; dy < rows; dy++) {
        double y = rows == 1 ? 0 : (double) weight * dy / (rows - 1);
        for (int dx = 1 - columns; dx < columns; dx++) {
          double x = columns == 1 ? 0 : (double) weight * dx / (columns - 1);
          offsets[dy * span + dx + columns - 1] = (float) (x * x + y * y);
        }
      }
    }

    boolean holds(int id) {
      for (int known : ids) {
        if (known == id) {
          return true;
        }
      }
      return false;
    }

    void search(int point) {
      if (ids.length == 0) {
        return;
      }
      measure(point / columns, point % columns);
      float[] all = distance;
      all[point] = Float.POSITIVE_INFINITY;
      int held = 0;
      int next = 0;
      for (; held < ids.length; next++) {
        if (next != point) {
          held = insert(next, held);
        }
      }
      float worst = distances[held - 1];
      for (; next < all.length; next++) {
        if (all[next] < worst) {
          insert(next, held);
          worst = distances[held - 1];
        }
      }
    }

    private void measure(int pointRow, int pointColumn) {
      int span = 2 * columns - 1;
      for (int row = 0; row < rows; row++) {
        int offset = Math.abs(row - pointRow) * span + columns - 1 - pointColumn;
        addOffsets(colorDistance, offsets, offset, row * columns, columns, distance);
      }
    }

    // Points come by rising id and are placed behind their equals: ties go to the lower id.
    private int insert(int id, int held) {
      int place = Math.min(held, ids.length - 1);
      float d = distance[id];
      while (place > 0 && distances[place - 1] > d) {
        ids[place] = ids[place - 1];
        distances[place] = distances[place - 1];
        place--;
      }
      ids[place] = id;
      distances[place] = d;
      return Math.min(held + 1, ids.length);
    }
  }
}
