package dev.eigenseg.infer.vit;

import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;

/** The positions of a checkpoint, to be fitted to grids of patches. Immutable. */
public final class VitPositions {
  private final VitConfig config;
  private final float[] stored;

  /** Copies what is needed; the checkpoint is borrowed for the call. */
  public VitPositions(VitCheckpoint checkpoint) {
    config = checkpoint.config();
    if (config.rotary().isPresent() && !config.rotary().get().stored()) {
      stored = RotaryAngles.periods(config.rotary().get(), config.headDim());
    } else {
      String name = config.rotary().isPresent() ? VitConfig.PERIODS : "pos_embed";
      // Shared, since it is read before kernels are compiled: see SimdMath.
      try (Arena arena = Arena.ofShared()) {
        stored = checkpoint.read(name, arena).toFloats();
      }
    }
  }

  /**
   * The positions of all tokens on a grid.
   *
   * @param rows of the grid, at least 1
   * @param columns likewise
   * @return embeddings {@code [prefixTokens + rows * columns, dim]}, zeros for tokens before the
   *     patches that have none; with rotary positions the cosines and sines of the angles, {@code
   *     [2, prefixTokens + rows * columns, headDim / 2]}; float32, owned by the caller
   */
  public Tensor on(int rows, int columns) {
    float[] values = values(rows, columns);
    long tokens = config.prefixTokens() + (long) rows * columns;
    return config.rotary().isPresent()
        ? Tensor.of(values, 2, tokens, config.headDim() / 2)
        : Tensor.of(values, tokens, config.dim());
  }

  /** The same, without its shape. */
  float[] values(int rows, int columns) {
    return config.rotary().isPresent()
        ? RotaryAngles.on(config, stored, rows, columns)
        : PositionEmbeddings.fit(stored, config, rows, columns);
  }
}
