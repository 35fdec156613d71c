package dev.eigenseg.graph.exact;

import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.Neighbor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Looks through a tile of similarities for those that reach a threshold, many at once, and offers
 * them to the candidates. After the first tiles nearly all vectors are passed over. Not one loop
 * with {@code ProbeScan}: rows and columns of these tiles follow each other, in strides.
 */
final class ScoreScan {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
  private static final boolean VECTORS = VectorMath.best().equals(VectorMath.simd());

  private ScoreScan() {}

  /**
   * A tile: {@code rows x columns} scores at a stride of {@code stride} floats.
   *
   * @param rowPlace the place of the first row among the rows' candidates
   * @param rowId the id of the first row
   * @param columnPlace the place of the first column among the columns' candidates, if the tile
   *     serves columns as well
   * @param columnId the id of the first column
   */
  record Tile(
      int rows,
      int columns,
      int stride,
      int rowPlace,
      long rowId,
      int columnPlace,
      long columnId) {}

  /** Serves rows alone; a row is not its own neighbour. */
  static void rows(MemorySegment scores, Tile tile, Candidates candidates, long[] scratch) {
    if (!VECTORS) {
      scalarRows(scores, tile, candidates, scratch);
      return;
    }
    int vectors = tile.columns / LANES * LANES;
    for (int r = 0; r < tile.rows; r++) {
      long base = (long) r * tile.stride * Float.BYTES;
      FloatVector bound = FloatVector.broadcast(SPECIES, candidates.threshold(tile.rowPlace + r));
      for (int c = 0; c < vectors; c += LANES) {
        FloatVector score =
            FloatVector.fromMemorySegment(SPECIES, scores, base + (long) c * Float.BYTES, NATIVE);
        VectorMask<Float> hits = score.compare(VectorOperators.GE, bound);
        if (hits.anyTrue()) {
          offerRow(scores, base, hits.toLong(), r, c, tile, candidates, scratch);
          bound = FloatVector.broadcast(SPECIES, candidates.threshold(tile.rowPlace + r));
        }
      }
      long rest = (1L << (tile.columns - vectors)) - 1;
      offerRow(scores, base, rest, r, vectors, tile, candidates, scratch);
    }
  }

  /** Serves rows and columns, which may be of one strip; no row is among the columns. */
  static void rowsAndColumns(
      MemorySegment scores, Tile tile, Candidates rows, Candidates columns, long[] scratch) {
    rows(scores, tile, rows, scratch);
    columns(scores, tile, columns, scratch);
  }

  // A vector of columns at a time from the first row to the last: where the candidates of these few
  // go stays in the first-level cache. Row by row it did not, and a search for 256 neighbours among
  // 14,400 rows took 3 % longer on Zen 4.
  private static void columns(
      MemorySegment scores, Tile tile, Candidates candidates, long[] scratch) {
    if (!VECTORS) {
      scalarColumns(scores, tile, candidates, scratch);
      return;
    }
    MemorySegment thresholds = candidates.thresholds();
    long step = (long) tile.stride * Float.BYTES;
    int vectors = tile.columns / LANES * LANES;
    for (int c = 0; c < vectors; c += LANES) {
      long place = (long) (tile.columnPlace + c) * Float.BYTES;
      FloatVector bounds = FloatVector.fromMemorySegment(SPECIES, thresholds, place, NATIVE);
      for (int r = 0; r < tile.rows; r++) {
        long offset = r * step + (long) c * Float.BYTES;
        FloatVector score = FloatVector.fromMemorySegment(SPECIES, scores, offset, NATIVE);
        VectorMask<Float> hits = score.compare(VectorOperators.GE, bounds);
        if (hits.anyTrue()) {
          offerColumns(scores, r * step, hits.toLong(), r, c, tile, candidates, scratch);
          bounds = FloatVector.fromMemorySegment(SPECIES, thresholds, place, NATIVE);
        }
      }
    }
    long rest = (1L << (tile.columns - vectors)) - 1;
    for (int r = 0; r < tile.rows; r++) {
      offerColumns(scores, r * step, rest, r, vectors, tile, candidates, scratch);
    }
  }

  /** The scalar twin of {@link #rows}. */
  static void scalarRows(MemorySegment scores, Tile tile, Candidates candidates, long[] scratch) {
    for (int r = 0; r < tile.rows; r++) {
      for (int c = 0; c < tile.columns; c++) {
        offerRow(scores, (long) r * tile.stride * Float.BYTES, 1, r, c, tile, candidates, scratch);
      }
    }
  }

  /** The scalar twin of {@link #columns}. */
  static void scalarColumns(
      MemorySegment scores, Tile tile, Candidates candidates, long[] scratch) {
    for (int r = 0; r < tile.rows; r++) {
      long base = (long) r * tile.stride * Float.BYTES;
      for (int c = 0; c < tile.columns; c++) {
        offerColumns(scores, base, 1, r, c, tile, candidates, scratch);
      }
    }
  }

  private static void offerRow(
      MemorySegment scores,
      long base,
      long hits,
      int r,
      int c,
      Tile tile,
      Candidates candidates,
      long[] scratch) {
    for (long left = hits; left != 0; left &= left - 1) {
      int column = c + Long.numberOfTrailingZeros(left);
      float score = scores.get(ValueLayout.JAVA_FLOAT, base + (long) column * Float.BYTES);
      if (tile.columnId + column != tile.rowId + r) {
        candidates.offer(tile.rowPlace + r, Neighbor.key(score, tile.columnId + column), scratch);
      }
    }
  }

  private static void offerColumns(
      MemorySegment scores,
      long base,
      long hits,
      int r,
      int c,
      Tile tile,
      Candidates candidates,
      long[] scratch) {
    for (long left = hits; left != 0; left &= left - 1) {
      int column = c + Long.numberOfTrailingZeros(left);
      float score = scores.get(ValueLayout.JAVA_FLOAT, base + (long) column * Float.BYTES);
      candidates.offer(tile.columnPlace + column, Neighbor.key(score, tile.rowId + r), scratch);
    }
  }
}
