package dev.eigenseg.infer.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.eigenseg.api.internal.kernel.Gemm;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TilePlanTest {
  @Test
  void tilesFollowOneAnotherAndNoneIsLargerByMoreThanAPanel() {
    for (int tokens : new int[] {1, 2, 6, 7, 197, 901, 911, 4097}) {
      for (int threads : new int[] {1, 2, 3, 8, 64}) {
        TilePlan plan = TilePlan.of(tokens, threads);
        int next = 0;
        for (int tile = 0; tile < plan.tiles(); tile++) {
          assertEquals(next, plan.first(tile), plan.toString());
          assertEquals(0, next % Gemm.rowPanel(), plan.toString());
          assertTrue(plan.count(tile) > 0 && plan.count(tile) <= plan.rows(), plan.toString());
          next += plan.count(tile);
        }
        assertEquals(tokens, next, plan.toString());
        assertTrue(plan.rows() <= TilePlan.ROWS, plan.toString());
        assertTrue(plan.tiles() % threads == 0 || plan.rows() == Gemm.rowPanel(), plan.toString());
        int smallest = IntStream.range(0, plan.tiles() - 1).map(plan::count).min().orElse(0);
        assertTrue(plan.tiles() < 3 || plan.rows() - smallest <= Gemm.rowPanel(), plan.toString());
      }
    }
  }
}
