package dev.eigenseg.graph.rows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.RandomData;
import dev.eigenseg.graph.TestSeed;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ProbeScanTest {
  private static final int K = 3;

  /** The oracle: keeps all keys of a place and sorts them. */
  private static long[] best(List<Long> keys) {
    return keys.stream()
        .sorted(Comparator.reverseOrder())
        .limit(K)
        .mapToLong(Long::longValue)
        .toArray();
  }

  private static long[] best(Candidates candidates, int place) {
    try (Tensor ids = Tensor.allocate(DType.I32, 1, K);
        Tensor similarities = Tensor.allocate(DType.F32, 1, K)) {
      candidates.write(place, 0, NeighborLists.of(ids, similarities), new long[2 * K]);
      return LongStream.range(0, K)
          .map(i -> Neighbor.key(similarities.get(i), ids.getLong(i)))
          .toArray();
    }
  }

  @Test
  void equalsTheScalarOracleForRandomShapes() {
    long seed = TestSeed.next();
    Random random = new Random(seed);
    for (int columns : new int[] {4, 5, 16, 17, 33, 100}) {
      int rows = 4 + random.nextInt(9);
      int[] places = new int[rows];
      long[] ids = new long[rows];
      long[] columnIds = new long[columns];
      List<List<Long>> expected = new ArrayList<>();
      for (int i = 0; i < rows + columns; i++) {
        expected.add(new ArrayList<>());
      }
      for (int row = 0; row < rows; row++) {
        places[row] = row;
        ids[row] = 1000 - 3L * row;
      }
      for (int column = 0; column < columns; column++) {
        columnIds[column] = 2000 - 7L * column;
      }
      IntPredicate elsewhere = column -> columnIds[column] % 5 == 0;
      try (Tensor scores = RandomData.gaussian(random, rows, columns);
          Candidates both = new Candidates(rows + columns, K, 2 * K);
          Candidates alone = new Candidates(rows, K, 2 * K)) {
        List<List<Long>> rowsAlone = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
          rowsAlone.add(new ArrayList<>());
          for (int column = 0; column < columns; column++) {
            float score = scores.get((long) row * columns + column);
            rowsAlone.get(row).add(Neighbor.key(score, columnIds[column]));
            if (!elsewhere.test(column)) {
              expected.get(row).add(Neighbor.key(score, columnIds[column]));
              expected.get(rows + column).add(Neighbor.key(score, ids[row]));
            }
          }
        }
        ProbeScan.Tile tile = new ProbeScan.Tile(scores.segment(), places, ids, rows, columnIds);
        ProbeScan.rowsAndColumns(tile, 0, 2, elsewhere, both, both, new long[2 * K]);
        ProbeScan.rowsAndColumns(tile, 2, rows, elsewhere, both, both, new long[2 * K]);
        ProbeScan.rows(tile, 0, rows, alone, new long[2 * K]);
        for (int place = 0; place < rows + columns; place++) {
          if (expected.get(place).size() >= K) {
            assertArrayEquals(best(expected.get(place)), best(both, place), "seed " + seed);
          }
        }
        for (int row = 0; row < rows; row++) {
          assertArrayEquals(best(rowsAlone.get(row)), best(alone, row), "seed " + seed);
        }
      }
    }
  }

  @Test
  void aRowIsNotItsOwnNeighbour() {
    try (Tensor scores = Tensor.of(new float[] {9, 1, 3, 2}, 1, 4);
        Candidates candidates = new Candidates(1, K, 2 * K)) {
      ProbeScan.Tile tile =
          new ProbeScan.Tile(
              scores.segment(), new int[] {0}, new long[] {5}, 0, new long[] {5, 6, 7, 8});
      ProbeScan.rows(tile, 0, 1, candidates, new long[2 * K]);
      assertArrayEquals(
          new long[] {Neighbor.key(3, 7), Neighbor.key(2, 8), Neighbor.key(1, 6)},
          best(candidates, 0));
    }
  }
}
