package dev.eigenseg.train;

import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;

/**
 * A change of brightness, contrast, saturation and hue, each of which happens to half of the views:
 * mmsegmentation's PhotoMetricDistortion. There every step rounds down to 8 bits; here none does.
 *
 * @param brightness added to all channels, at most 32 / 255 either way
 * @param contrast all channels are multiplied by it, 0.5 to 1.5
 * @param contrastFirst whether that comes before saturation and hue, or after them
 * @param saturation of the HSV model is multiplied by it, 0.5 to 1.5
 * @param hue of the HSV model is turned by that part of a circle: at most 18 of OpenCV's 180 either
 *     way, which is 36 degrees
 */
record ColorDistortion(
    float brightness, float contrast, boolean contrastFirst, float saturation, float hue) {
  private static final double BRIGHTNESS = 32.0 / 255;
  private static final double CONTRAST = 0.5;
  private static final double SATURATION = 0.5;
  private static final double HUE = 18.0 / 180;

  /** Draws one. */
  static ColorDistortion random(RandomGenerator random, double strength) {
    float brightness = either(random, strength * BRIGHTNESS);
    boolean contrastFirst = random.nextBoolean();
    float contrast = Math.max(0, 1 + either(random, strength * CONTRAST));
    float saturation = Math.max(0, 1 + either(random, strength * SATURATION));
    float hue = either(random, strength * HUE);
    return new ColorDistortion(brightness, contrast, contrastFirst, saturation, hue);
  }

  // Nothing, or up to the largest either way; takes the same random numbers in any case.
  private static float either(RandomGenerator random, double largest) {
    boolean happens = random.nextBoolean();
    double amount = (2 * random.nextDouble() - 1) * largest;
    return happens ? (float) amount : 0;
  }

  /**
   * Changes the top left rectangle of colour planes in place and leaves the padding alone.
   *
   * @param planes float32, {@code [3, height, width]}, RGB in [0, 1], and so they stay; borrowed
   */
  void apply(Tensor planes, int columns, int rows) {
    MemorySegment memory = planes.segment();
    long plane = planes.size(1) * planes.size(2);
    float[] rgb = new float[3];
    for (int y = 0; y < rows; y++) {
      for (int x = 0; x < columns; x++) {
        long index = y * planes.size(2) + x;
        for (int channel = 0; channel < 3; channel++) {
          rgb[channel] = memory.getAtIndex(ValueLayout.JAVA_FLOAT, channel * plane + index);
        }
        apply(rgb);
        for (int channel = 0; channel < 3; channel++) {
          memory.setAtIndex(ValueLayout.JAVA_FLOAT, channel * plane + index, rgb[channel]);
        }
      }
    }
  }

  private void apply(float[] rgb) {
    if (brightness != 0) {
      linear(rgb, 1, brightness);
    }
    if (contrastFirst) {
      linear(rgb, contrast, 0);
    }
    if (saturation != 1 || hue != 0) {
      saturateAndTurn(rgb);
    }
    if (!contrastFirst) {
      linear(rgb, contrast, 0);
    }
  }

  private static void linear(float[] rgb, float factor, float offset) {
    for (int channel = 0; channel < 3; channel++) {
      rgb[channel] = Math.clamp(rgb[channel] * factor + offset, 0f, 1f);
    }
  }

  // HSV and back: the value is the largest channel, the chroma its distance to the smallest.
  private void saturateAndTurn(float[] rgb) {
    float value = Math.max(rgb[0], Math.max(rgb[1], rgb[2]));
    float chroma = value - Math.min(rgb[0], Math.min(rgb[1], rgb[2]));
    if (chroma == 0) {
      return; // grey has no hue
    }
    float sixth;
    if (value == rgb[0]) {
      sixth = (rgb[1] - rgb[2]) / chroma;
    } else if (value == rgb[1]) {
      sixth = 2 + (rgb[2] - rgb[0]) / chroma;
    } else {
      sixth = 4 + (rgb[0] - rgb[1]) / chroma;
    }
    sixth = (sixth + 6 * hue + 12) % 6;
    float saturated = Math.min(chroma * saturation, value); // saturation, chroma / value, ends at 1
    rgb[0] = channel(5, sixth, value, saturated);
    rgb[1] = channel(3, sixth, value, saturated);
    rgb[2] = channel(1, sixth, value, saturated);
  }

  private static float channel(int offset, float sixth, float value, float chroma) {
    float k = (offset + sixth) % 6;
    return value - chroma * Math.clamp(Math.min(k, 4 - k), 0f, 1f);
  }
}
