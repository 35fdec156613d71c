package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.Neighbor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Owns the centroids of all lists in two levels: a row is compared with the centroids of groups,
 * then with those of the lists in the groups around its own. Nearest is the largest f.c - |c|^2 /
 * 2, the lowest list of equals. Thread-safe.
 */
final class ListCentroids implements AutoCloseable {
  private static final int PIECE = CentroidPanels.PIECE;

  // Lists that a row is compared with for each that it wants, and at least: with fewer, lists
  // across the border of a group are overlooked.
  private static final int CHOICE = 8;
  private static final int LEAST_CHOICE = 192;

  private final int dim;
  private final Arena arena = Arena.ofShared();
  private final CentroidPanels groups;
  private final List<CentroidPanels> lists;
  private final int[] firstList;
  private final int[][] nearGroups;

  /**
   * Copies centroids.
   *
   * @param groups float32 {@code [G, d]}; borrowed
   * @param lists for each group those of its lists, float32 {@code [n, d]}; borrowed
   */
  ListCentroids(Tensor groups, List<Tensor> lists) {
    this.dim = Math.toIntExact(groups.size(1));
    try {
      this.groups = new CentroidPanels(arena, groups);
      this.lists = lists.stream().map(tensor -> new CentroidPanels(arena, tensor)).toList();
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
    this.firstList = new int[lists.size() + 1];
    for (int group = 0; group < lists.size(); group++) {
      firstList[group + 1] = firstList[group] + this.lists.get(group).count();
    }
    this.nearGroups =
        IntStream.range(0, lists.size())
            .mapToObj(group -> byDistance(groups, group))
            .toArray(int[][]::new);
  }

  private static int[] byDistance(Tensor groups, int group) {
    long dim = groups.size(1);
    double[] distances = new double[(int) groups.size(0)];
    for (int other = 0; other < distances.length; other++) {
      for (long c = 0; c < dim; c++) {
        double step = groups.get(group * dim + c) - groups.get(other * dim + c);
        distances[other] += step * step;
      }
    }
    distances[group] = -1; // itself first, also among equals
    return IntStream.range(0, distances.length)
        .boxed()
        .sorted(Comparator.comparingDouble(other -> distances[other]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** All lists. */
  int count() {
    return firstList[firstList.length - 1];
  }

  /**
   * Ranks the nearest lists of rows.
   *
   * @param dense {@code rows * dim} floats
   * @param places lists of each row that are wanted, at most {@link #count}
   * @param target receives {@code rows * places} ints, nearest first
   */
  void rank(MemorySegment dense, int rows, int places, MemorySegment target) {
    int[] groupOf = groups.nearest(dense, rows);
    int[] order =
        IntStream.range(0, rows)
            .boxed()
            .sorted(Comparator.comparingInt(row -> groupOf[row]))
            .mapToInt(Integer::intValue)
            .toArray();
    int end = 0;
    for (int first = 0; first < rows; first = end) {
      int group = groupOf[order[first]];
      end = first;
      while (end < rows && groupOf[order[end]] == group) {
        end++;
      }
      rankGroup(dense, Arrays.copyOfRange(order, first, end), group, places, target);
    }
  }

  private void rankGroup(
      MemorySegment dense, int[] rows, int group, int places, MemorySegment target) {
    int[] chosen = choice(group, Math.max(LEAST_CHOICE, Math.multiplyExact(CHOICE, places)));
    int width = Arrays.stream(chosen).map(g -> lists.get(g).count()).sum();
    long rowBytes = (long) dim * Float.BYTES;
    long[] keys = new long[width];
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment gathered = memory.allocate(PIECE * rowBytes, 64);
      MemorySegment panels = memory.allocate(Gemm.packedRowBytes(PIECE, dim), 64);
      MemorySegment scores = memory.allocate((long) PIECE * width * Float.BYTES, 64);
      for (int first = 0; first < rows.length; first += PIECE) {
        int count = Math.min(PIECE, rows.length - first);
        for (int i = 0; i < count; i++) {
          MemorySegment.copy(dense, rows[first + i] * rowBytes, gathered, i * rowBytes, rowBytes);
        }
        Gemm.packRows(gathered, 0, count, dim, panels);
        score(panels, count, chosen, scores, width);
        for (int i = 0; i < count; i++) {
          select(scores, (long) i * width, chosen, keys, places);
          write(keys, places, target, (long) rows[first + i] * places);
        }
      }
    }
  }

  /** The nearest groups that have so many lists together, or all. */
  private int[] choice(int group, int wanted) {
    int[] near = nearGroups[group];
    int lists = 0;
    int taken = 0;
    while (taken < near.length && lists < wanted) {
      lists += this.lists.get(near[taken++]).count();
    }
    return Arrays.copyOf(near, taken);
  }

  private void score(
      MemorySegment panels, int rows, int[] chosen, MemorySegment scores, int width) {
    long offset = 0;
    for (int group : chosen) {
      CentroidPanels part = lists.get(group);
      Gemm.multiply(
          panels, rows, part.columns(), part.count(), dim, scores, offset * Float.BYTES, width);
      offset += part.count();
    }
  }

  private void select(MemorySegment scores, long base, int[] chosen, long[] keys, int places) {
    int at = 0;
    for (int group : chosen) {
      float[] halfNorms = lists.get(group).halfNorms();
      for (int i = 0; i < halfNorms.length; i++) {
        float score = scores.getAtIndex(ValueLayout.JAVA_FLOAT, base + at) - halfNorms[i];
        keys[at++] = Neighbor.key(score, firstList[group] + i);
      }
    }
    Candidates.moveLargestToFront(keys, at, places);
    Arrays.sort(keys, 0, places);
  }

  private static void write(long[] keys, int places, MemorySegment target, long first) {
    for (int i = 0; i < places; i++) {
      target.setAtIndex(ValueLayout.JAVA_INT, first + i, Neighbor.id(keys[places - 1 - i]));
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
