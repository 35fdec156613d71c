package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.NeighborLists;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.ProbeScan;
import dev.eigenseg.graph.rows.TrueNeighbors;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Owns the candidates of all rows while they are joined: every list with itself, then every list
 * with the rows of other lists that look into it. Similarity is symmetric, so a product serves both
 * its rows: a row also sees those that look into its list, and finds as many neighbours as with
 * about twice the probes. Where two rows look into each other's lists, the pair is offered once, by
 * the lower list.
 */
final class ProbeJoin implements AutoCloseable {
  private static final long WRITE_ROWS = 512;

  private final IvfPlan plan;
  private final PreparedRows rows;
  private final InvertedLists inverted;
  private final RankedLists ranked;
  private final int probes;
  private final Progress progress;
  private final List<ReentrantLock> locks;
  private final Queries queries;
  private final Candidates candidates;

  ProbeJoin(
      IvfPlan plan,
      PreparedRows rows,
      InvertedLists inverted,
      RankedLists ranked,
      int probes,
      Progress progress) {
    this.plan = plan;
    this.rows = rows;
    this.inverted = inverted;
    this.ranked = ranked;
    this.probes = probes;
    this.progress = progress;
    this.locks = Stream.generate(ReentrantLock::new).limit(inverted.blocks()).toList();
    this.queries = new Queries(inverted, ranked, probes);
    try {
      this.candidates = new Candidates(plan.rows(), plan.k(), plan.capacity());
    } catch (RuntimeException | Error e) {
      queries.close();
      throw e;
    }
  }

  void run(NeighborLists lists) {
    try (Progress.Task task = progress.start("graph", 2L * inverted.blocks(), "blocks")) {
      forEachBlock(this::joinOwn, task); // first, so that thresholds are high for the others
      forEachBlock(this::joinQueries, task);
    }
    write(lists);
    complete(lists);
  }

  private interface BlockTask {
    void run(int block, BlockProducts products, long[] scratch);
  }

  private void forEachBlock(BlockTask work, Progress.Task task) {
    Parallel.forEach(
        plan.threads(),
        inverted.blocks(),
        block -> {
          progress.checkCancelled();
          try (BlockProducts products = new BlockProducts(plan, inverted, (int) block)) {
            work.run((int) block, products, new long[plan.capacity()]);
          }
          task.advance(1);
        });
  }

  private void joinOwn(int block, BlockProducts products, long[] scratch) {
    int list = inverted.listOfBlock(block);
    long begin = inverted.listBegin(list);
    LongUnaryOperator position = i -> begin + i;
    products.forEachTile(
        inverted.listBegin(list + 1) - begin,
        position,
        (tile, rows) ->
            forEachRun(
                tile,
                rows,
                (from, to, rowBlock) -> {
                  locks.get(rowBlock).lock();
                  try {
                    ProbeScan.rows(tile, from, to, candidates, scratch);
                  } finally {
                    locks.get(rowBlock).unlock();
                  }
                }));
  }

  private void joinQueries(int block, BlockProducts products, long[] scratch) {
    int list = inverted.listOfBlock(block);
    LongUnaryOperator position = i -> queries.position(list, i);
    products.forEachTile(
        queries.count(list),
        position,
        (tile, rows) ->
            forEachRun(
                tile,
                rows,
                (from, to, rowBlock) -> {
                  LongPredicate elsewhere = elsewhere(list, inverted.listOfBlock(rowBlock));
                  // Rising, so that no two threads wait for each other.
                  ReentrantLock low = locks.get(Math.min(block, rowBlock));
                  ReentrantLock high = locks.get(Math.max(block, rowBlock));
                  low.lock();
                  high.lock();
                  try {
                    ProbeScan.rowsAndColumns(tile, from, to, elsewhere, candidates, scratch);
                  } finally {
                    high.unlock();
                    low.unlock();
                  }
                }));
  }

  /** Which rows of a list have their pairs with rows of another list offered by the latter. */
  private LongPredicate elsewhere(int list, int other) {
    return other < list ? row -> ranked.placeOf(row, other, probes) < probes : row -> false;
  }

  private interface RunTask {
    void run(int from, int to, int rowBlock);
  }

  /** Cuts the rows of a tile, which stand in rising order, where their block changes. */
  private void forEachRun(ProbeScan.Tile tile, int rows, RunTask task) {
    int to;
    for (int from = 0; from < rows; from = to) {
      int block = inverted.blockOf(tile.places()[from]);
      long end = inverted.blockBegin(block + 1);
      to = from + 1;
      while (to < rows && tile.places()[to] < end) {
        to++;
      }
      task.run(from, to, block);
    }
  }

  private void write(NeighborLists lists) {
    Parallel.forEach(
        plan.threads(),
        Math.ceilDiv(plan.rows(), WRITE_ROWS),
        chunk -> {
          progress.checkCancelled();
          long[] scratch = new long[plan.capacity()];
          long end = Math.min(plan.rows(), (chunk + 1) * WRITE_ROWS);
          for (long at = chunk * WRITE_ROWS; at < end; at++) {
            if (candidates.complete((int) at)) {
              candidates.write((int) at, inverted.id(at), lists, scratch);
            }
          }
        });
  }

  /** Rows that have not met k others look everywhere. */
  private void complete(NeighborLists lists) {
    long[] incomplete =
        LongStream.range(0, plan.rows())
            .filter(at -> !candidates.complete((int) at))
            .map(inverted::id)
            .toArray();
    for (int first = 0; first < incomplete.length; first += (int) WRITE_ROWS) {
      int end = (int) Math.min(incomplete.length, first + WRITE_ROWS);
      long[] some = Arrays.copyOfRange(incomplete, first, end);
      try (TrueNeighbors found = TrueNeighbors.of(rows, some, plan.k(), plan.threads(), progress)) {
        for (int i = 0; i < some.length; i++) {
          found.copy(i, some[i], lists);
        }
      }
    }
  }

  @Override
  public void close() {
    try (queries) {
      candidates.close();
    }
  }
}
