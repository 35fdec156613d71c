package dev.eigenseg.infer.vit;

import dev.eigenseg.api.tensor.Tensor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The position embeddings on the grids that were asked for last. Thread-safe; the embeddings are
 * borrowed.
 */
final class PositionCache {
  /** Applications use few sizes of images; a grid of 1,000 patches of 384 channels is 1.5 MB. */
  private static final int GRIDS = 8;

  private record Grid(int rows, int columns) {}

  private final Tensor embeddings;
  private final VitConfig config;
  private final Map<Grid, float[]> fitted = new ConcurrentHashMap<>();

  PositionCache(Tensor embeddings, VitConfig config) {
    this.embeddings = embeddings;
    this.config = config;
  }

  /**
   * {@code [prefixTokens + rows * columns, dim]}, as {@link PositionEmbeddings#fit}; not to be
   * changed.
   */
  float[] on(int rows, int columns) {
    Grid grid = new Grid(rows, columns);
    float[] known = fitted.get(grid);
    if (known != null) {
      return known;
    }
    float[] positions;
    try (Tensor tensor = PositionEmbeddings.fit(embeddings, config, rows, columns)) {
      positions = tensor.toFloats();
    }
    // Starting anew is rare, and simpler than remembering who was used last.
    if (fitted.size() >= GRIDS) {
      fitted.clear();
    }
    fitted.put(grid, positions);
    return positions;
  }
}
