package dev.eigenseg.cli.report;

import dev.eigenseg.api.PatchLogits;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.lang.foreign.ValueLayout;

/** One eigenfunction over the patches of one image, from its lowest value to its highest. */
final class HeatMap {
  // The colour map viridis (CC0), at nine places: even steps of lightness, also for the
  // colour-blind.
  private static final int[] VIRIDIS = {
    0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C, 0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725
  };
  private static final int STEPS = 256;
  private static final IndexColorModel COLORS =
      new IndexColorModel(8, STEPS, colors(), 0, false, -1, 0);

  private HeatMap() {}

  /** One pixel a patch; whoever shows it enlarges it. A constant function has the lowest colour. */
  static BufferedImage draw(PatchLogits logits, int cluster) {
    int patches = logits.gridRows() * logits.gridColumns();
    long clusters = logits.values().size(1);
    float[] values = new float[patches];
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < patches; i++) {
      values[i] =
          logits.values().segment().getAtIndex(ValueLayout.JAVA_FLOAT, i * clusters + cluster);
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    float range = high > low ? high - low : 1;
    byte[] steps = new byte[patches];
    for (int i = 0; i < patches; i++) {
      steps[i] = (byte) Math.round((STEPS - 1) * ((values[i] - low) / range));
    }
    BufferedImage image =
        new BufferedImage(
            logits.gridColumns(), logits.gridRows(), BufferedImage.TYPE_BYTE_INDEXED, COLORS);
    image.getRaster().setDataElements(0, 0, logits.gridColumns(), logits.gridRows(), steps);
    return image;
  }

  private static int[] colors() {
    int[] colors = new int[STEPS];
    for (int i = 0; i < STEPS; i++) {
      double place = i * (VIRIDIS.length - 1.0) / (STEPS - 1);
      int from = Math.min((int) place, VIRIDIS.length - 2);
      for (int shift = 16; shift >= 0; shift -= 8) {
        int a = VIRIDIS[from] >> shift & 255;
        int b = VIRIDIS[from + 1] >> shift & 255;
        colors[i] |= (int) Math.round(a + (place - from) * (b - a)) << shift;
      }
    }
    return colors;
  }
}
