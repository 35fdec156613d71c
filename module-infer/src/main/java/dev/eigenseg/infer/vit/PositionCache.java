package dev.eigenseg.infer.vit;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The positions on the grids that were asked for last. Thread-safe. */
final class PositionCache {
  /** Applications use few sizes of images; a grid of 1,000 patches of 384 channels is 1.5 MB. */
  private static final int GRIDS = 8;

  private record Grid(int rows, int columns) {}

  private final VitPositions positions;
  private final Map<Grid, float[]> fitted = new ConcurrentHashMap<>();

  PositionCache(VitPositions positions) {
    this.positions = positions;
  }

  /** As {@link VitPositions#on}; not to be changed. */
  float[] on(int rows, int columns) {
    Grid grid = new Grid(rows, columns);
    float[] known = fitted.get(grid);
    if (known != null) {
      return known;
    }
    float[] values = positions.values(rows, columns);
    // Starting anew is rare, and simpler than remembering who was used last.
    if (fitted.size() >= GRIDS) {
      fitted.clear();
    }
    fitted.put(grid, values);
    return values;
  }
}
