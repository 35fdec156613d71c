package dev.eigenseg.graph.kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;

/**
 * Owns a matrix that is being made, piece by piece from the first row to the last. If one piece is
 * all of it, its entries stay in memory, else they go into a file. For one thread, which starts
 * others.
 */
final class SymmetricRowsBuilder implements AutoCloseable {
  /** How the two directions of an edge become one value. */
  enum Union {
    /** (S + S^T) / 2: an edge that only one side chose keeps half its weight. */
    MEAN,
    /** The larger of the two. */
    MAX;

    float of(float forward, float backward) {
      return this == MEAN ? 0.5f * (forward + backward) : Math.max(forward, backward);
    }
  }

  /** Makes rows; for one thread. */
  private interface RowMaker {
    /** The number of entries of a row. */
    long size(long row);

    /** Writes a row's entries, columns rising, from an entry on. */
    void write(long row, MemorySegment target, long entry);
  }

  private final Arena arena = Arena.ofShared();
  private final long rows;
  private final Workspace space;
  private final int threads;
  private final MemorySegment pointers;
  private Spool entries;
  private boolean finished;

  SymmetricRowsBuilder(long rows, Workspace space, int threads) {
    this.rows = rows;
    this.space = space;
    this.threads = threads;
    try {
      this.pointers = arena.allocate(ValueLayout.JAVA_LONG, Math.addExact(rows, 1));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Symmetrises neighbour lists, all of whose edges are among their own rows. */
  static SymmetricRows symmetrized(DirectedEdges edges, Union union, Workspace space, int threads)
      throws IOException {
    try (SymmetricRowsBuilder builder = new SymmetricRowsBuilder(edges.rows(), space, threads)) {
      builder.append(edges, union, space);
      return builder.finish();
    }
  }

  /** The weighted sum a + alpha b of two matrices of equal size, in the workspace of a. */
  static SymmetricRows sum(SymmetricRows a, float alpha, SymmetricRows b, int threads)
      throws IOException {
    // A window of either, and the result.
    long most = Math.max(1, a.space().bytes() / (4 * SymmetricRows.ENTRY_BYTES));
    try (SymmetricRowsBuilder builder = new SymmetricRowsBuilder(a.rows(), a.space(), threads)) {
      for (long first = 0; first < a.rows(); ) {
        long end = Math.min(a.endOfPiece(first, most), b.endOfPiece(first, most));
        try (SymmetricRows.Window left = a.window(first, end);
            SymmetricRows.Window right = b.window(first, end)) {
          long work = a.pointer(end) - a.pointer(first);
          builder.append(first, end, work, () -> new SumMaker(left, alpha, right));
        }
        first = end;
      }
      return builder.finish();
    }
  }

  /**
   * Appends symmetrised neighbour lists, all of whose edges are among their own rows.
   *
   * @param within what this may take
   */
  void append(DirectedEdges edges, Union union, Workspace within) throws IOException {
    try (Transposition transposition = Transposition.of(edges, within)) {
      for (Transposition.Bucket bucket : transposition.buckets()) {
        long work = (bucket.end() - bucket.first()) * edges.width();
        try (IncomingEdges incoming =
            transposition.incoming(bucket, SymmetricRows.workers(work, threads))) {
          append(bucket.first(), bucket.end(), work, () -> new UnionMaker(edges, incoming, union));
        }
        edges.release(bucket.first(), bucket.end());
      }
    }
  }

  private void append(long first, long end, long work, Supplier<RowMaker> makers)
      throws IOException {
    int workers = SymmetricRows.workers(work, threads);
    forEachRow(
        first,
        end,
        workers,
        makers,
        (maker, row) -> pointers.setAtIndex(ValueLayout.JAVA_LONG, row + 1, maker.size(row)));
    long base = pointer(first);
    long total = base;
    for (long row = first + 1; row <= end; row++) {
      total += pointer(row);
      pointers.setAtIndex(ValueLayout.JAVA_LONG, row, total);
    }
    long bytes = Math.multiplyExact(total - base, SymmetricRows.ENTRY_BYTES);
    if (entries == null) {
      entries = end == rows ? Spool.inMemory(bytes) : Spool.inFile(space.folder());
    }
    entries.create(
        base * SymmetricRows.ENTRY_BYTES,
        bytes,
        target ->
            forEachRow(
                first,
                end,
                workers,
                makers,
                (maker, row) -> maker.write(row, target, pointer(row) - base)));
  }

  private interface RowTask {
    void run(RowMaker maker, long row);
  }

  private static void forEachRow(
      long first, long end, int workers, Supplier<RowMaker> makers, RowTask task) {
    SymmetricRows.forEachTask(
        first,
        end,
        workers,
        (from, to) -> {
          RowMaker maker = makers.get();
          for (long row = from; row < to; row++) {
            task.run(maker, row);
          }
        });
  }

  private long pointer(long row) {
    return pointers.getAtIndex(ValueLayout.JAVA_LONG, row);
  }

  /** The matrix, which the caller owns; this builder has nothing left. */
  SymmetricRows finish() {
    if (entries == null) {
      entries = Spool.inMemory(0);
    }
    finished = true;
    return new SymmetricRows(arena, rows, pointers, entries, space);
  }

  @Override
  public void close() {
    if (finished || !arena.scope().isAlive()) {
      return;
    }
    try {
      arena.close();
    } finally {
      if (entries != null) {
        entries.close();
      }
    }
  }

  /** Joins the lists of both directions. */
  private static final class UnionMaker implements RowMaker {
    private final OutgoingRow outgoing;
    private final IncomingEdges incoming;
    private final Union union;

    UnionMaker(DirectedEdges edges, IncomingEdges incoming, Union union) {
      this.outgoing = new OutgoingRow(edges);
      this.incoming = incoming;
      this.union = union;
    }

    @Override
    public long size(long row) {
      outgoing.read(row);
      int i = 0;
      long j = incoming.begin(row);
      long end = incoming.begin(row + 1);
      long size = 0;
      while (i < outgoing.size() && j < end) {
        long forward = outgoing.id(i);
        long backward = incoming.source(j);
        i += forward <= backward ? 1 : 0;
        j += backward <= forward ? 1 : 0;
        size++;
      }
      return size + (outgoing.size() - i) + (end - j);
    }

    @Override
    public void write(long row, MemorySegment target, long firstEntry) {
      outgoing.read(row);
      int i = 0;
      long j = incoming.begin(row);
      long end = incoming.begin(row + 1);
      long entry = firstEntry;
      while (i < outgoing.size() || j < end) {
        long forward = i < outgoing.size() ? outgoing.id(i) : Long.MAX_VALUE;
        long backward = j < end ? incoming.source(j) : Long.MAX_VALUE;
        float there = forward <= backward ? outgoing.weight(i++) : 0;
        float back = backward <= forward ? incoming.weight(j++) : 0;
        SymmetricRows.put(target, entry++, Math.min(forward, backward), union.of(there, back));
      }
    }
  }

  /** Adds a row of one matrix and alpha times that of another. */
  private record SumMaker(SymmetricRows.Window a, float alpha, SymmetricRows.Window b)
      implements RowMaker {
    @Override
    public long size(long row) {
      long i = a.begin(row);
      long j = b.begin(row);
      long aEnd = a.begin(row + 1);
      long bEnd = b.begin(row + 1);
      long size = 0;
      while (i < aEnd && j < bEnd) {
        long left = SymmetricRows.column(a.entries(), i);
        long right = SymmetricRows.column(b.entries(), j);
        i += left <= right ? 1 : 0;
        j += right <= left ? 1 : 0;
        size++;
      }
      return size + (aEnd - i) + (bEnd - j);
    }

    @Override
    public void write(long row, MemorySegment target, long firstEntry) {
      long i = a.begin(row);
      long j = b.begin(row);
      long aEnd = a.begin(row + 1);
      long bEnd = b.begin(row + 1);
      long entry = firstEntry;
      while (i < aEnd || j < bEnd) {
        long left = i < aEnd ? SymmetricRows.column(a.entries(), i) : Long.MAX_VALUE;
        long right = j < bEnd ? SymmetricRows.column(b.entries(), j) : Long.MAX_VALUE;
        float sum = left <= right ? SymmetricRows.value(a.entries(), i++) : 0;
        if (right <= left) {
          sum += alpha * SymmetricRows.value(b.entries(), j++);
        }
        SymmetricRows.put(target, entry++, Math.min(left, right), sum);
      }
    }
  }
}
