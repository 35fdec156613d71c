package dev.eigenseg.cli;

import java.awt.Color;

/** Colours for classes that have none of their own. */
final class ClusterColors {
  // Successive multiples of the golden ratio spread evenly over the hues, however many there are.
  private static final float GOLDEN_RATIO = 0.618034f;

  private ClusterColors() {}

  /** A colour, {@code 0xRRGGBB}, that depends on the index alone. */
  static int rgb(int index) {
    return Color.HSBtoRGB(
            index * GOLDEN_RATIO % 1,
            index % 2 == 0 ? 0.85f : 0.55f,
            index % 3 == 0 ? 0.65f : 0.95f)
        & 0xffffff;
  }
}
