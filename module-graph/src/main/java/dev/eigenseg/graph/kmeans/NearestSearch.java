package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.VectorMath;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Finds the nearest centroids of the rows of a chunk; owns the memory for that, for one thread.
 *
 * <p>Bounds hold off groups of centroids that cannot be nearest (Ding et al. 2015, "Yinyang
 * K-means"): the distance from the own centroid has grown by that centroid's last move at most, and
 * the distances from a group have shrunk by its largest move at most. A group is left out only if
 * its scores, as they would be computed in float32, are below that of the own centroid for certain,
 * so labels are those of a search through all centroids, bit for bit.
 */
final class NearestSearch implements AutoCloseable {
  private static final int PANEL = Gemm.rowPanel();

  // Rows whose panels and scores stay in the second-level cache together.
  private static final int SLICE = 16 * PANEL;
  private static final int ROW_BITS = 16;

  private final CentroidTable table;
  private final CentroidGroups groups;
  private final int dim;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment gathered;
  private final MemorySegment products;
  private final float[][] panels;
  private final long[] sets = new long[SLICE / PANEL];
  private final long[] open = new long[ClusterRows.CHUNK];
  private final float[] bests;
  private final RowLabels.Copy copy;
  private final long all;

  NearestSearch(CentroidTable table, CentroidGroups groups) {
    this.table = table;
    this.groups = groups;
    this.dim = table.dim();
    this.panels = new float[SLICE / PANEL][Gemm.packedRowFloats(PANEL, dim)];
    this.bests = new float[groups.count()];
    this.copy = new RowLabels.Copy(ClusterRows.CHUNK, groups.count());
    this.all = -1L >>> (Long.SIZE - groups.count());
    try {
      this.gathered = arena.allocate((long) PANEL * dim * Float.BYTES, 64);
      this.products = arena.allocate(SLICE * stride() * Float.BYTES, 64);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private long stride() {
    return (long) groups.count() * groups.width();
  }

  /** Rows of which some are searched for: {@code count} of them, one after the other. */
  record Chunk(
      MemorySegment dense,
      long firstDense,
      long firstRow,
      int count,
      CentroidTable.RowNorms norms) {
    /** The place of a row's channels, in bytes. */
    long offset(int row, int dim) {
      return (firstDense + row) * dim * Float.BYTES;
    }

    float norm(int row) {
      return norms.of(firstRow + row);
    }
  }

  /**
   * Labels the rows of a chunk.
   *
   * @param measure whether distances are wanted of all rows, not only of those searched for
   * @return how many labels changed
   */
  long label(Chunk chunk, RowLabels rows, boolean measure) {
    rows.copyTo(chunk.firstRow(), chunk.count(), copy);
    int count = 0;
    for (int row = 0; row < chunk.count(); row++) {
      int label = copy.labels()[row];
      boolean bounded = rows.bounded() && label != RowLabels.NONE;
      long set = bounded ? openGroups(chunk, row, label, rows) : all;
      if (set == 0 && measure) {
        set = 1L << groups.groupOf(label);
      }
      if (set != 0) {
        open[count++] = set << ROW_BITS | row;
      }
    }
    // Rows of equal sets come together, so that a panel of them needs few other groups.
    Arrays.sort(open, 0, count);
    long changed = 0;
    for (int first = 0; first < count; first += SLICE) {
      changed += labelSlice(chunk, rows, first, Math.min(SLICE, count - first));
    }
    return changed;
  }

  private static int row(long open) {
    return (int) (open & ((1 << ROW_BITS) - 1));
  }

  // ---- bounds

  /** The groups that may hold the nearest centroid, with that of the label; 0 for none. */
  private long openGroups(Chunk chunk, int row, int label, RowLabels rows) {
    double way = table.ways()[label];
    double error = error(chunk.norm(row));
    double upper = copy.upper()[row] + way;
    if (near(row, upper, error) == 0) {
      return 0;
    }
    double dot =
        VectorMath.best().dot(chunk.dense(), chunk.offset(row, dim), table.centroid(label), 0, dim);
    double squared = chunk.norm(row) - 2 * dot + table.squaredNorm(label) + error;
    double measured = Math.sqrt(Math.max(0, squared));
    if (measured < upper) {
      upper = measured;
      rows.upper(chunk.firstRow() + row, upper - way);
    }
    long set = near(row, upper, error);
    return set == 0 ? 0 : set | 1L << groups.groupOf(label);
  }

  private long near(int row, double upper, double error) {
    double reach = Math.sqrt(upper * upper + 2 * error);
    double[] ways = table.longestWays();
    float[] lower = copy.lower();
    int first = row * ways.length;
    long set = 0;
    for (int group = 0; group < ways.length; group++) {
      if (!(lower[first + group] - ways[group] > reach)) {
        set |= 1L << group;
      }
    }
    return set;
  }

  /**
   * How far a squared distance may be from |f|^2 + |c|^2 - 2 f.c with each of the three computed in
   * float32, for any centroid: a chain of d multiply-adds is off by d 2^-24 (1 + d 2^-24) of the
   * sum of its absolute terms, which for all three together is (|f| + |c|)^2 at most.
   */
  private double error(float squaredNorm) {
    double reach = Math.sqrt(squaredNorm) + table.largestNorm();
    return (dim + 8) * 0x1.1p-24 * reach * reach + dim * (double) Float.MIN_NORMAL;
  }

  // ---- products

  private long labelSlice(Chunk chunk, RowLabels rows, int first, int count) {
    int filled = Math.ceilDiv(count, PANEL);
    for (int panel = 0; panel < filled; panel++) {
      int begin = first + panel * PANEL;
      int height = Math.min(PANEL, first + count - begin);
      sets[panel] = 0;
      for (int i = begin; i < begin + height; i++) {
        sets[panel] |= open[i] >>> ROW_BITS;
      }
      pack(chunk, begin, height, panels[panel]);
    }
    for (int group = 0; group < groups.count(); group++) {
      for (int panel = 0; panel < filled; panel++) {
        if ((sets[panel] >>> group & 1) != 0) {
          multiply(group, panel);
        }
      }
    }
    long changed = 0;
    for (int i = 0; i < count; i++) {
      changed += decide(chunk, row(open[first + i]), rows, i, sets[i / PANEL]) ? 1 : 0;
    }
    return changed;
  }

  private void pack(Chunk chunk, int first, int height, float[] target) {
    long rowBytes = (long) dim * Float.BYTES;
    long last = open[first + height - 1];
    // Rows of one set rise; if they are neighbours they need no copy.
    if (last - open[first] == height - 1) {
      Gemm.packRows(chunk.dense(), chunk.offset(row(open[first]), dim), height, dim, target);
      return;
    }
    for (int i = 0; i < height; i++) {
      long from = chunk.offset(row(open[first + i]), dim);
      MemorySegment.copy(chunk.dense(), from, gathered, i * rowBytes, rowBytes);
    }
    Gemm.packRows(gathered, 0, height, dim, target);
  }

  /** Whole panels: what lies behind the last row is left there. */
  private void multiply(int group, int panel) {
    long place = panel * PANEL * stride() + (long) group * groups.width();
    Gemm.multiply(
        panels[panel],
        PANEL,
        groups.panels(group),
        groups.width(),
        dim,
        products,
        place * Float.BYTES,
        stride());
  }

  // ---- the nearest

  /** Labels a row by its products with some groups, and says whether that was a change. */
  private boolean decide(Chunk chunk, int row, RowLabels rows, int place, long set) {
    int width = groups.width();
    long base = place * stride() * Float.BYTES;
    long groupBytes = (long) width * Float.BYTES;
    float best = Float.NEGATIVE_INFINITY;
    int nearest = 0;
    int bestGroup = RowLabels.NONE;
    int bestPlace = 0;
    for (long left = set; left != 0; left &= left - 1) {
      int group = Long.numberOfTrailingZeros(left);
      long at = group * groupBytes;
      float score = GroupScan.best(products, base + at, groups.halfNorms(), at, width);
      bests[group] = score;
      if (score >= best && score > Float.NEGATIVE_INFINITY) {
        int found = GroupScan.place(products, base + at, groups.halfNorms(), at, width, score);
        int member = groups.member(group, found);
        if (score > best || member < nearest) {
          best = score;
          nearest = member;
          bestGroup = group;
          bestPlace = found;
        }
      }
    }
    long number = chunk.firstRow() + row;
    float norm = chunk.norm(row);
    float dot =
        bestGroup < 0
            ? Float.NaN // beyond the range of float32
            : products.get(
                ValueLayout.JAVA_FLOAT,
                base + bestGroup * groupBytes + (long) bestPlace * Float.BYTES);
    rows.distance(number, Math.max(0, norm - 2 * dot + table.squaredNorm(nearest)));
    if (rows.bounded()) {
      if (bestGroup >= 0) {
        long at = bestGroup * groupBytes;
        bests[bestGroup] =
            GroupScan.bestBut(products, base + at, groups.halfNorms(), at, width, bestPlace);
      }
      bound(rows, number, nearest, norm, best, set);
    }
    boolean changed = rows.label(number) != nearest;
    if (changed) {
      rows.label(number, nearest);
    }
    return changed;
  }

  private void bound(RowLabels rows, long row, int label, float norm, float best, long set) {
    double error = error(norm);
    double upper = Math.sqrt(Math.max(0, norm - 2.0 * best + error));
    rows.upper(row, upper - table.ways()[label]);
    for (long left = set; left != 0; left &= left - 1) {
      int group = Long.numberOfTrailingZeros(left);
      double lower = Math.sqrt(Math.max(0, norm - 2.0 * bests[group] - error));
      rows.lower(row, group, lower + table.longestWays()[group]);
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
