package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.graph.vector.Candidates;
import java.util.function.LongUnaryOperator;

/** Compares a few rows with all rows. */
final class FullScan {
  private FullScan() {}

  /**
   * The true neighbours of rows, to be closed by the caller.
   *
   * @param positions where the rows are; their places among the candidates are the indices
   */
  static Candidates neighbors(
      IvfPlan plan, InvertedLists inverted, long[] positions, Progress progress) {
    Candidates candidates = new Candidates(positions.length, plan.k(), plan.capacity());
    try {
      Parallel.forEach(
          plan.threads(),
          inverted.blocks(),
          block -> {
            progress.checkCancelled();
            long[] scratch = new long[plan.capacity()];
            try (BlockProducts products = new BlockProducts(plan, inverted, (int) block)) {
              products.forEachTile(
                  positions.length,
                  i -> positions[(int) i],
                  LongUnaryOperator.identity(),
                  (tile, rows) -> {
                    synchronized (candidates) {
                      ProbeScan.rows(tile, 0, rows, candidates, scratch);
                    }
                  });
            }
          });
      return candidates;
    } catch (RuntimeException | Error e) {
      candidates.close();
      throw e;
    }
  }
}
