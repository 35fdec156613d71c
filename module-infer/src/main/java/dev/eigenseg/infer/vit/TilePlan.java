package dev.eigenseg.infer.vit;

import dev.eigenseg.api.internal.kernel.CacheSizes;
import dev.eigenseg.api.internal.kernel.Gemm;

/**
 * How tokens are cut into tiles of rows: whole row panels, of which no tile has more than one more
 * than another, so that threads with equally many tiles end together.
 *
 * @param tokens rows altogether
 * @param tiles how many
 */
record TilePlan(int tokens, int tiles) {
  /**
   * Rows of a tile at most: each tile has all weights, keys and values pass from memory once more.
   * Of a ViT-S's 384 channels, 240 take 360 KiB of a second-level cache of 1 MiB; its images took 1
   * to 2 % longer on Zen 4 with 96, and no shorter with 480. On Granite Rapids, with 2 MiB, 96 to
   * 480 were the same, and 480 double a tile's memory. Wider rows are packed a block at a time.
   */
  static final int ROWS =
      Math.toIntExact(Math.min(240, 240 * CacheSizes.here().planned() / (1 << 20)));

  private static final int PANELS = ROWS / Gemm.rowPanel();

  /** As many tiles for each thread, where there are panels enough. */
  static TilePlan of(int tokens, int threads) {
    int panels = Math.ceilDiv(tokens, Gemm.rowPanel());
    long rounds = Math.ceilDiv(panels, (long) threads * PANELS);
    return new TilePlan(tokens, Math.toIntExact(Math.min(panels, rounds * threads)));
  }

  /** Rows of the largest tile, whole panels. */
  int rows() {
    return Math.ceilDiv(panels(), tiles) * Gemm.rowPanel();
  }

  int first(int tile) {
    return Math.toIntExact((long) panels() * tile / tiles) * Gemm.rowPanel();
  }

  int count(int tile) {
    return Math.min(first(tile + 1), tokens) - first(tile);
  }

  private int panels() {
    return Math.ceilDiv(tokens, Gemm.rowPanel());
  }
}
