package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.KnnIndex;
import dev.eigenseg.api.spi.ResumableKnnEngine;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.RowRange;
import dev.eigenseg.graph.rows.TrueNeighbors;
import dev.eigenseg.graph.strips.CandidateFile;
import dev.eigenseg.graph.strips.CandidateStore;
import dev.eigenseg.graph.strips.StripGrid;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * Owns a finished search by inverted lists in a file: the lists of all rows, whose candidates are
 * kept in the order of positions. They are read a window of rows at a time, each from one pass over
 * all candidates, so that nothing is read in small pieces from all over.
 */
final class KeptLists implements ResumableKnnEngine.KeptSearch {
  private static final int LEAST_ROWS = 512;

  private final KnnEngine.Request request;
  private final Progress progress;
  private final ListFile lists;
  private final CandidateFile candidates;
  private final Optional<Path> own;
  private final boolean first;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment ids;
  private final long windowRows;
  private Optional<Window> window = Optional.empty();

  /**
   * Takes over both files.
   *
   * @param own the lists' file, if it is of no use when the target is made
   * @param first whether this is the part that has the rows that meet too few others
   */
  @SuppressWarnings("MustBeClosedChecker")
  KeptLists(
      KnnEngine.Request request,
      ListFile lists,
      CandidateFile candidates,
      Optional<Path> own,
      boolean first,
      Progress progress)
      throws IOException {
    this.request = request;
    this.progress = progress;
    this.lists = lists;
    this.candidates = candidates;
    this.own = own;
    this.first = first;
    long idBytes = lists.header().rows() * Integer.BYTES;
    long rowBytes = (long) lists.header().k() * (Integer.BYTES + Float.BYTES);
    long rows = lists.header().rows();
    // Three quarters: the rest is for what the join has left in the hands of the allocator.
    this.windowRows =
        Math.clamp(
            (request.memory() * 3 / 4 - idBytes) / rowBytes, Math.min(LEAST_ROWS, rows), rows);
    try {
      this.ids = arena.allocate(idBytes, 64);
      lists.readIds(ids);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  @Override
  public KnnIndex index() {
    return lists.index();
  }

  @Override
  public float[] lastSimilarities() {
    return lists.meta().last().clone();
  }

  @Override
  public synchronized void read(
      long firstRow, int count, MemorySegment someIds, MemorySegment someSimilarities)
      throws IOException {
    long bytes = (long) lists.header().k() * Integer.BYTES;
    for (long row = firstRow; row < firstRow + count; ) {
      Window shown = windowOf(row);
      long end = Math.min(firstRow + count, shown.rows().end());
      long from = (row - shown.rows().first()) * bytes;
      long to = (row - firstRow) * bytes;
      MemorySegment.copy(shown.ids(), from, someIds, to, (end - row) * bytes);
      MemorySegment.copy(shown.similarities(), from, someSimilarities, to, (end - row) * bytes);
      row = end;
    }
  }

  /** Owns the lists of some rows. */
  private record Window(
      RowRange rows, Arena arena, MemorySegment ids, MemorySegment similarities, int k)
      implements AutoCloseable {
    @SuppressWarnings("MustBeClosedChecker")
    static Window of(RowRange rows, int k) {
      Arena arena = Arena.ofShared();
      try {
        long bytes = rows.count() * k * Integer.BYTES;
        MemorySegment ids = arena.allocate(bytes, 64).fill((byte) -1);
        MemorySegment similarities = arena.allocate(bytes, 64).fill((byte) -1); // these are NaNs
        return new Window(rows, arena, ids, similarities, k);
      } catch (RuntimeException | Error e) {
        arena.close();
        throw e;
      }
    }

    NeighborLists lists() {
      return new NeighborLists(ids, similarities, k);
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  private Window windowOf(long row) throws IOException {
    if (window.isPresent()) {
      RowRange shown = window.get().rows();
      if (row >= shown.first() && row < shown.end()) {
        return window.get();
      }
      window.get().close();
      window = Optional.empty();
    }
    long begin = row / windowRows * windowRows;
    RowRange rows = new RowRange(begin, Math.min(begin + windowRows, lists.header().rows()));
    Window next = Window.of(rows, lists.header().k());
    try {
      fill(next);
    } catch (UncheckedIOException e) {
      next.close();
      throw e.getCause();
    } catch (IOException | RuntimeException | Error e) {
      next.close();
      throw e;
    }
    window = Optional.of(next);
    return next;
  }

  private void fill(Window target) throws IOException {
    StripGrid grid = candidates.grid();
    for (int strip = 0; strip < grid.strips(); strip++) {
      RowRange range = grid.strip(strip);
      int most = CandidateStore.chunkRows(lists.header().k());
      Parallel.forEach(
          request.threads(),
          Math.ceilDiv(range.count(), most),
          piece -> {
            progress.checkCancelled();
            long begin = range.first() + piece * most;
            copy(begin, (int) Math.min(most, range.end() - begin), target);
          });
    }
    if (first) {
      complete(target);
    }
  }

  private void copy(long position, int count, Window target) {
    long bytes = (long) lists.header().k() * Integer.BYTES;
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment found = memory.allocate(count * bytes, 64);
      MemorySegment similarities = memory.allocate(count * bytes, 64);
      candidates.read(position, count, found, similarities);
      NeighborLists unordered = new NeighborLists(found, similarities, lists.header().k());
      long[] scratch = new long[lists.header().k()];
      for (int i = 0; i < count; i++) {
        long id = Integer.toUnsignedLong(ids.getAtIndex(ValueLayout.JAVA_INT, position + i));
        long place = id - target.rows().first();
        if (place >= 0 && place < target.rows().count() && !incomplete(id)) {
          target.lists().writeOrdered(place, unordered, i, scratch);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean incomplete(long id) {
    return Arrays.binarySearch(lists.meta().incomplete(), id) >= 0;
  }

  /** Rows that have not met k others look everywhere. */
  private void complete(Window target) {
    RowRange range = target.rows();
    long[] wanted =
        Arrays.stream(lists.meta().incomplete())
            .filter(row -> row >= range.first() && row < range.end())
            .toArray();
    if (wanted.length == 0) {
      return;
    }
    try (PreparedRows rows =
        PreparedRows.measure(request.features(), true, request.threads(), progress)) {
      TrueNeighbors.write(rows, wanted, target.lists(), range.first(), request.threads(), progress);
    }
  }

  @Override
  public void delete() throws IOException {
    close();
    candidates.delete();
    if (own.isPresent()) {
      Files.deleteIfExists(own.get());
    }
  }

  @Override
  public synchronized void close() throws IOException {
    if (!arena.scope().isAlive()) {
      return;
    }
    try (lists;
        candidates) {
      window.ifPresent(Window::close);
      window = Optional.empty();
      arena.close();
    }
  }
}
