package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.kernel.Gemm;

/**
 * How tokens are cut into tiles of rows.
 *
 * @param tokens rows altogether
 * @param rows of a tile, the last one may have fewer
 */
record TilePlan(int tokens, int rows) {
  /**
   * Row panels of a tile at most: 96 rows of 1,536 channels leave room for weights in a
   * second-level cache of 1 MB.
   */
  private static final int PANELS = 96 / Gemm.rowPanel();

  /** As many tiles as keep all threads busy to the end. */
  static TilePlan of(int tokens, int threads) {
    int panels = ceil(tokens, Gemm.rowPanel());
    int rounds = ceil(panels, threads * PANELS);
    return new TilePlan(tokens, ceil(panels, rounds * threads) * Gemm.rowPanel());
  }

  private static int ceil(int a, int b) {
    return (a + b - 1) / b;
  }

  int tiles() {
    return ceil(tokens, rows);
  }

  int first(int tile) {
    return tile * rows;
  }

  int count(int tile) {
    return Math.min(rows, tokens - tile * rows);
  }
}
