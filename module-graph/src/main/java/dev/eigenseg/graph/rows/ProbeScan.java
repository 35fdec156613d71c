package dev.eigenseg.graph.rows;

import dev.eigenseg.api.internal.kernel.VectorMath;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.IntPredicate;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Looks through the scores of rows from all over against the rows of a block for those that reach a
 * threshold, many at once, and offers them to the candidates. Not one loop with {@code ScoreScan}:
 * places and ids come from arrays here, where those of a tile there are counted up.
 */
public final class ProbeScan {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
  private static final boolean VECTORS = VectorMath.best().equals(VectorMath.simd());

  private ProbeScan() {}

  /**
   * Scores, one line for each row, without gaps.
   *
   * @param scores {@code [rows, columns]}
   * @param places the rows' places among the candidates
   * @param ids the rows' ids
   * @param columnPlace the place of the first column among the candidates, where columns are served
   * @param columnIds the columns' ids; their number is that of the columns
   */
  @SuppressWarnings("ArrayRecordComponent") // views of a worker's memory, never compared
  public record Tile(
      MemorySegment scores, int[] places, long[] ids, int columnPlace, long[] columnIds) {
    int columns() {
      return columnIds.length;
    }

    long base(int row) {
      return (long) row * columns() * Float.BYTES;
    }

    float score(int row, int column) {
      return scores.get(ValueLayout.JAVA_FLOAT, base(row) + (long) column * Float.BYTES);
    }
  }

  /** Serves rows {@code from} to {@code to} alone; a row is not its own neighbour. */
  public static void rows(Tile tile, int from, int to, Candidates candidates, long[] scratch) {
    int vectors = VECTORS ? tile.columns() / LANES * LANES : 0;
    for (int row = from; row < to; row++) {
      int place = tile.places[row];
      FloatVector bound = FloatVector.broadcast(SPECIES, candidates.threshold(place));
      for (int column = 0; column < vectors; column += LANES) {
        long hits = hits(tile, row, column, bound);
        if (hits != 0) {
          offerRow(tile, row, column, hits, candidates, scratch);
          bound = FloatVector.broadcast(SPECIES, candidates.threshold(place));
        }
      }
      for (int column = vectors; column < tile.columns(); column++) {
        offerRow(tile, row, column, 1, candidates, scratch);
      }
    }
  }

  private static long hits(Tile tile, int row, int column, FloatVector bound) {
    return FloatVector.fromMemorySegment(
            SPECIES, tile.scores, tile.base(row) + (long) column * Float.BYTES, NATIVE)
        .compare(VectorOperators.GE, bound)
        .toLong();
  }

  private static void offerRow(
      Tile tile, int row, int column, long hits, Candidates candidates, long[] scratch) {
    for (long left = hits; left != 0; left &= left - 1) {
      int hit = column + Long.numberOfTrailingZeros(left);
      long id = tile.columnIds[hit];
      if (id != tile.ids[row]) {
        candidates.offer(tile.places[row], Neighbor.key(tile.score(row, hit), id), scratch);
      }
    }
  }

  /**
   * Serves rows {@code from} to {@code to} and the columns; no row is among the columns.
   *
   * @param elsewhere tells by the column's number whether its pairs are offered by another tile
   * @param rows the rows' candidates
   * @param columns the columns' candidates, which may be the same
   */
  public static void rowsAndColumns(
      Tile tile,
      int from,
      int to,
      IntPredicate elsewhere,
      Candidates rows,
      Candidates columns,
      long[] scratch) {
    MemorySegment thresholds = columns.thresholds();
    long columnBase = (long) tile.columnPlace * Float.BYTES;
    int vectors = VECTORS ? tile.columns() / LANES * LANES : 0;
    for (int row = from; row < to; row++) {
      int place = tile.places[row];
      FloatVector bound = FloatVector.broadcast(SPECIES, rows.threshold(place));
      for (int column = 0; column < vectors; column += LANES) {
        long offset = columnBase + (long) column * Float.BYTES;
        FloatVector either =
            FloatVector.fromMemorySegment(SPECIES, thresholds, offset, NATIVE).min(bound);
        long hits = hits(tile, row, column, either);
        if (hits != 0) {
          offerBoth(tile, row, column, hits, elsewhere, rows, columns, scratch);
          bound = FloatVector.broadcast(SPECIES, rows.threshold(place));
        }
      }
      for (int column = vectors; column < tile.columns(); column++) {
        offerBoth(tile, row, column, 1, elsewhere, rows, columns, scratch);
      }
    }
  }

  private static void offerBoth(
      Tile tile,
      int row,
      int column,
      long hits,
      IntPredicate elsewhere,
      Candidates rows,
      Candidates columns,
      long[] scratch) {
    for (long left = hits; left != 0; left &= left - 1) {
      int hit = column + Long.numberOfTrailingZeros(left);
      float score = tile.score(row, hit);
      int place = tile.places[row];
      int columnPlace = tile.columnPlace + hit;
      boolean wanted = score >= rows.threshold(place) || score >= columns.threshold(columnPlace);
      if (wanted && !elsewhere.test(hit)) {
        rows.offer(place, Neighbor.key(score, tile.columnIds[hit]), scratch);
        columns.offer(columnPlace, Neighbor.key(score, tile.ids[row]), scratch);
      }
    }
  }
}
