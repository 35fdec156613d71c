package dev.eigenseg.infer.vit;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The positions on the grids that were asked for last. Thread-safe. */
final class PositionCache {
  /** Applications use few sizes of images; a grid of 1,000 patches of 384 channels is 1.5 MB. */
  private static final int GRIDS = 8;

  private final VitPositions positions;
  // By rows and columns: the first hash of a record of both would have its code spun at run time,
  // 5 ms of a first mask.
  private final Map<List<Integer>, float[]> fitted = new ConcurrentHashMap<>();

  PositionCache(VitPositions positions) {
    this.positions = positions;
  }

  /** As {@link VitPositions#on}; not to be changed. */
  float[] on(int rows, int columns) {
    List<Integer> grid = List.of(rows, columns);
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
