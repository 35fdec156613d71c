package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.graph.rows.PreparedRows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Owns the lists that every row looks into, nearest first, by the rows' ids: in memory, or all but
 * the nearest in a file.
 */
final class RankedLists implements AutoCloseable {
  private static final int CHUNK = 4096;

  private final long rows;
  private final int probes;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment lists;
  private final int stride;
  private final Optional<ScratchFile> file;

  private RankedLists(IvfPlan plan, int probes, Optional<Path> scratch) throws IOException {
    this.rows = plan.rows();
    this.probes = probes;
    this.stride = scratch.isPresent() ? 1 : probes;
    try {
      this.lists = arena.allocate(ValueLayout.JAVA_INT, Math.multiplyExact(rows, stride));
      this.file =
          scratch.isPresent() ? Optional.of(new ScratchFile(scratch.get())) : Optional.empty();
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Ranks {@code plan.places()} lists of every row and keeps the first.
   *
   * @param probes how many are kept
   * @param scratch a file to keep them in, deleted on closing; otherwise in memory
   */
  static RankedLists of(
      IvfPlan plan,
      int probes,
      ListCentroids centroids,
      PreparedRows rows,
      Optional<Path> scratch,
      Progress progress)
      throws IOException {
    RankedLists ranked = new RankedLists(plan, probes, scratch);
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

  private void fill(IvfPlan plan, ListCentroids centroids, PreparedRows source, long first) {
    int count = (int) Math.min(CHUNK, rows - first);
    int places = plan.places();
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment dense = memory.allocate(count * plan.rowBytes(), 64);
      MemorySegment all = memory.allocate(ValueLayout.JAVA_INT, (long) count * places);
      source.read(first, count, dense);
      centroids.rank(dense, count, places, all);
      MemorySegment kept = memory.allocate(ValueLayout.JAVA_INT, (long) count * probes);
      for (long row = 0; row < count; row++) {
        MemorySegment.copy(
            all,
            row * places * Integer.BYTES,
            kept,
            row * probes * Integer.BYTES,
            (long) probes * Integer.BYTES);
        MemorySegment.copy(
            all,
            row * places * Integer.BYTES,
            lists,
            (first + row) * stride * Integer.BYTES,
            (long) stride * Integer.BYTES);
      }
      file.ifPresent(f -> f.write(kept, first * probes * Integer.BYTES));
    }
  }

  long rows() {
    return rows;
  }

  int probes() {
    return probes;
  }

  /** The list that a row is in. */
  int nearest(long row) {
    return lists.getAtIndex(ValueLayout.JAVA_INT, row * stride);
  }

  /** The list at a place, 0 the nearest, if all are in memory. */
  int list(long row, int place) {
    return lists.getAtIndex(ValueLayout.JAVA_INT, row * stride + place);
  }

  /**
   * Copies the lists of rows.
   *
   * @param target receives {@code count * probes} ints
   */
  void copy(long first, int count, MemorySegment target) {
    long offset = first * probes * Integer.BYTES;
    long bytes = (long) count * probes * Integer.BYTES;
    if (file.isPresent()) {
      file.get().read(target.asSlice(0, bytes), offset);
    } else {
      MemorySegment.copy(lists, offset, target, 0, bytes);
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      file.ifPresent(ScratchFile::close);
    }
  }
}
