package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.graph.rows.PreparedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Owns the nearest lists of every row, nearest first, by the rows' ids. */
final class RankedLists implements AutoCloseable {
  private static final int CHUNK = 4096;

  private final int places;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment lists;

  private RankedLists(IvfPlan plan) {
    this.places = plan.places();
    try {
      this.lists =
          arena.allocate(ValueLayout.JAVA_INT, Math.multiplyExact(plan.rows(), plan.places()));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Ranks {@code plan.places()} lists of every row. */
  static RankedLists of(
      IvfPlan plan, ListCentroids centroids, PreparedRows rows, Progress progress) {
    RankedLists ranked = new RankedLists(plan);
    try {
      Parallel.forEach(
          plan.threads(),
          Math.ceilDiv(plan.rows(), CHUNK),
          chunk -> {
            progress.checkCancelled();
            ranked.fill(plan, centroids, rows, chunk * CHUNK);
          });
      return ranked;
    } catch (RuntimeException | Error e) {
      ranked.close();
      throw e;
    }
  }

  private void fill(IvfPlan plan, ListCentroids centroids, PreparedRows rows, long first) {
    int count = (int) Math.min(CHUNK, plan.rows() - first);
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment dense = memory.allocate(count * plan.rowBytes(), 64);
      rows.read(first, count, dense);
      centroids.rank(dense, count, places, lists.asSlice(first * places * Integer.BYTES));
    }
  }

  int places() {
    return places;
  }

  /** The list at a place, 0 the nearest. */
  int list(long row, int place) {
    return lists.getAtIndex(ValueLayout.JAVA_INT, row * places + place);
  }

  /** The place of a list among the first so many, or {@code first} if it is not among them. */
  int placeOf(long row, int list, int first) {
    int place = 0;
    while (place < first && list(row, place) != list) {
      place++;
    }
    return place;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
