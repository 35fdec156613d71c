package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.graph.rows.ProbeScan;
import dev.eigenseg.graph.rows.RowRange;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.LongUnaryOperator;

/**
 * Joins rows with the lists that they look into. Similarity is symmetric, so a product serves both
 * its rows: a row also sees those that look into its list, and finds as many neighbours as with
 * about twice the probes. Where two rows look into each other's lists, the pair is offered once.
 * Which pairs there are does not depend on how the rows are cut into ranges.
 *
 * @param probes lists that every row looks into
 * @param task advances by a block of columns at a time
 */
record ProbeJoin(IvfPlan plan, int probes, Progress progress, Progress.Task task) {
  /** Brings the rows of a block into memory while something is done with them. */
  @FunctionalInterface
  interface ColumnRows {
    /** Shows the rows of some positions, and perhaps of others. */
    void with(RowRange block, Consumer<SortedRows> work);
  }

  /** The blocks that {@link #joinWithin} advances by. */
  static long blocksWithin(ListBlocks blocks) {
    return 2L * blocks.blocks();
  }

  /**
   * Joins every list of a range with itself, then with the range's rows of other lists that look
   * into it. Where two rows look into each other's lists, the lower list offers the pair.
   */
  void joinWithin(SortedRows rows, JoinSide side) {
    ColumnRows inMemory = (block, work) -> work.accept(rows);
    // First, so that thresholds are high for the others.
    forEachBlock(
        side,
        inMemory,
        (block, columns, products) -> {
          RowRange list = side.blocks().rowsOfList(side.blocks().list(block));
          joinOwn(rows, list, products, side);
        });
    try (Queries queries = Queries.ofOthers(rows, side.blocks(), probes)) {
      forEachBlock(
          side,
          inMemory,
          (block, columns, products) -> {
            int list = side.blocks().list(block);
            RowRange own = side.blocks().rows(block);
            joinQueries(
                new Tiles(rows, queries, list, products),
                side,
                block,
                side,
                other -> other < list ? lookingInto(columns, own, other) : column -> false);
          });
    }
  }

  /**
   * Joins the lists of a range with the rows of another range that look into them.
   *
   * @param columns shows the lists' rows
   * @param rows those that look
   * @param again whether pairs were offered before if the list's row looks into that of the other:
   *     by the join in which the sides were changed
   */
  void joinAcross(
      ColumnRows columns, JoinSide lists, SortedRows rows, JoinSide looking, boolean again) {
    try (Queries queries = Queries.ofAll(rows, lists.blocks(), probes)) {
      forEachBlock(
          lists,
          columns,
          (block, shown, products) -> {
            RowRange own = lists.blocks().rows(block);
            joinQueries(
                new Tiles(rows, queries, lists.blocks().list(block), products),
                lists,
                block,
                looking,
                other -> again ? lookingInto(shown, own, other) : column -> false);
          },
          block -> queries.count(lists.blocks().list(block)) > 0);
    }
  }

  private interface BlockTask {
    void run(int block, SortedRows columns, BlockProducts products);
  }

  private void forEachBlock(JoinSide side, ColumnRows columns, BlockTask work) {
    forEachBlock(side, columns, work, block -> true);
  }

  private void forEachBlock(
      JoinSide side, ColumnRows columns, BlockTask work, IntPredicate wanted) {
    Parallel.forEach(
        plan.threads(),
        side.blocks().blocks(),
        number -> {
          progress.checkCancelled();
          int block = (int) number;
          if (wanted.test(block)) {
            RowRange rows = side.blocks().rows(block);
            columns.with(
                rows,
                shown -> {
                  try (BlockProducts products =
                      new BlockProducts(plan, shown, rows, side.place(block))) {
                    work.run(block, shown, products);
                  }
                });
          }
          task.advance(1);
        });
  }

  private void joinOwn(SortedRows rows, RowRange list, BlockProducts products, JoinSide side) {
    long[] scratch = new long[plan.capacity()];
    LongUnaryOperator position = i -> list.first() + i;
    products.forEachTile(
        rows,
        list.count(),
        position,
        (tile, count) ->
            forEachRun(
                tile,
                count,
                side,
                (from, to, rowBlock) -> {
                  side.locks().get(rowBlock).lock();
                  try {
                    ProbeScan.rows(tile, from, to, side.candidates(), scratch);
                  } finally {
                    side.locks().get(rowBlock).unlock();
                  }
                }));
  }

  /** The rows that look into a list, and their products with one of its blocks. */
  private record Tiles(SortedRows rows, Queries queries, int list, BlockProducts products) {
    void forEach(BlockProducts.TileTask task) {
      LongUnaryOperator position = i -> queries.position(list, i);
      products.forEachTile(rows, queries.count(list), position, task);
    }
  }

  /** Tells by the list of a row which columns have their pairs with it offered elsewhere. */
  private interface Elsewhere {
    IntPredicate of(int list);
  }

  private void joinQueries(
      Tiles tiles, JoinSide lists, int block, JoinSide looking, Elsewhere elsewhere) {
    long[] scratch = new long[plan.capacity()];
    boolean within = lists.blocks().equals(looking.blocks());
    tiles.forEach((tile, count) ->
        forEachRun(
            tile,
            count,
            looking,
            (from, to, rowBlock) -> {
              // In an order, so that no two threads wait for each other.
              boolean columnsFirst = !within || block <= rowBlock;
              ReentrantLock columnLock = lists.locks().get(block);
              ReentrantLock rowLock = looking.locks().get(rowBlock);
              ReentrantLock first = columnsFirst ? columnLock : rowLock;
              ReentrantLock second = columnsFirst ? rowLock : columnLock;
              first.lock();
              second.lock();
              try {
                ProbeScan.rowsAndColumns(
                    tile,
                    from,
                    to,
                    elsewhere.of(looking.blocks().list(rowBlock)),
                    looking.candidates(),
                    lists.candidates(),
                    scratch);
              } finally {
                second.unlock();
                first.unlock();
              }
            }));
  }

  private IntPredicate lookingInto(SortedRows columns, RowRange block, int list) {
    return column -> columns.looksInto(block.first() + column, list, probes);
  }

  private interface RunTask {
    void run(int from, int to, int rowBlock);
  }

  /** Cuts the rows of a tile, which stand in rising order, where their block changes. */
  private static void forEachRun(ProbeScan.Tile tile, int rows, JoinSide side, RunTask task) {
    long begin = side.blocks().range().first();
    int to;
    for (int from = 0; from < rows; from = to) {
      int block = side.blocks().blockOf(begin + tile.places()[from]);
      long end = side.blocks().rows(block).end() - begin;
      to = from + 1;
      while (to < rows && tile.places()[to] < end) {
        to++;
      }
      task.run(from, to, block);
    }
  }
}
