package dev.eigenseg.graph.kernel;

/**
 * Which patches of one image the pixel graph joins: the union of two neighbourhoods among the
 * points (r, g, b, w x, w y).
 *
 * @param nearNeighbors neighbours in the graph where position counts much; 0 turns it off
 * @param nearWeight the weight w of the position in that graph
 * @param colorNeighbors neighbours in the graph where colour decides; 0 turns it off
 * @param colorWeight the weight w of the position in that graph
 */
public record PixelGraphOptions(
    int nearNeighbors, float nearWeight, int colorNeighbors, float colorWeight) {
  /** The published values: 10 neighbours with w = 2.0 and 5 with w = 0.1. */
  public static final PixelGraphOptions DEFAULT = new PixelGraphOptions(10, 2.0f, 5, 0.1f);

  /** Checks the ranges. */
  public PixelGraphOptions {
    if (nearNeighbors < 0 || colorNeighbors < 0) {
      throw new IllegalArgumentException("neighbour counts cannot be negative");
    }
    if (!(nearWeight >= 0 && nearWeight < Float.POSITIVE_INFINITY)
        || !(colorWeight >= 0 && colorWeight < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("position weights must be finite and not negative");
    }
  }

  /** Other counts with the published weights. */
  public static PixelGraphOptions of(int nearNeighbors, int colorNeighbors) {
    return new PixelGraphOptions(
        nearNeighbors, DEFAULT.nearWeight, colorNeighbors, DEFAULT.colorWeight);
  }

  /** The most neighbours a patch can choose. */
  int width() {
    return Math.addExact(nearNeighbors, colorNeighbors);
  }
}
