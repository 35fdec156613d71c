package dev.eigenseg.graph.exact;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestSeed;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.Neighbor;
import dev.eigenseg.graph.rows.NeighborLists;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ScoreScanTest {
  private static float[] scan(
      Tensor scores, ScoreScan.Tile tile, boolean both, boolean scalar, int k) {
    int rows = tile.rows() + tile.columns();
    long[] scratch = new long[2 * k];
    try (Candidates candidates = new Candidates(rows, k, 2 * k);
        Tensor ids = Tensor.allocate(DType.I32, rows, k);
        Tensor similarities = Tensor.allocate(DType.F32, rows, k)) {
      // Fill every row first, so that rows which see few scores are complete.
      for (int row = 0; row < rows; row++) {
        for (int i = 0; i < k; i++) {
          candidates.offer(row, Neighbor.key(-2, 1000 + i), scratch);
        }
      }
      for (int repeat = 0; repeat < 3; repeat++) {
        long shift = repeat * 500L;
        ScoreScan.Tile moved =
            new ScoreScan.Tile(
                tile.rows(),
                tile.columns(),
                tile.stride(),
                tile.rowPlace(),
                tile.rowId() + shift,
                tile.columnPlace(),
                tile.columnId() + shift);
        if (scalar) {
          ScoreScan.scalarRows(scores.segment(), moved, candidates, scratch);
          if (both) {
            ScoreScan.scalarColumns(scores.segment(), moved, candidates, scratch);
          }
        } else if (both) {
          ScoreScan.rowsAndColumns(scores.segment(), moved, candidates, candidates, scratch);
        } else {
          ScoreScan.rows(scores.segment(), moved, candidates, scratch);
        }
      }
      float[] result = new float[2 * rows * k];
      for (int row = 0; row < rows; row++) {
        candidates.write(row, row, NeighborLists.of(ids, similarities), scratch);
      }
      for (int i = 0; i < rows * k; i++) {
        result[2 * i] = ids.get(i);
        result[2 * i + 1] = similarities.get(i);
      }
      return result;
    }
  }

  @Test
  void equalsItsScalarTwin() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    int[][] shapes = {{1, 1}, {3, 7}, {2, 16}, {5, 33}, {12, 100}, {48, 48}};
    for (int[] shape : shapes) {
      int stride = shape[1] + random.nextInt(5);
      try (Tensor scores = RandomData.gaussian(random, shape[0], stride)) {
        ScoreScan.Tile apart = new ScoreScan.Tile(shape[0], shape[1], stride, 0, 0, shape[0], 200);
        ScoreScan.Tile diagonal = new ScoreScan.Tile(shape[0], shape[1], stride, 0, 4, 0, 3);
        for (int k : new int[] {1, 4}) {
          String what = "%d x %d, k = %d, seed %d".formatted(shape[0], shape[1], k, seed);
          assertArrayEquals(
              scan(scores, apart, true, true, k), scan(scores, apart, true, false, k), what);
          assertArrayEquals(
              scan(scores, diagonal, false, true, k),
              scan(scores, diagonal, false, false, k),
              what);
        }
      }
    }
  }
}
