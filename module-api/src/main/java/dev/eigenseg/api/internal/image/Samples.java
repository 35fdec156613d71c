package dev.eigenseg.api.internal.image;

import dev.eigenseg.api.BadInputException;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;

/** Some bands of an image as numbers from 0 to 255, whatever the file holds. */
final class Samples implements RgbImages.ColorSamples {
  // Between the two ways of writing light as fractions, 1 and 255 for white, lies no picture:
  // with 255 for white, an image that stays below 2 is black.
  private static final double LARGEST_FRACTION = 2;

  private final Raster raster;
  private final int[] bands;
  private final int bits;
  private final boolean fractions;
  private final double scale;
  private final double[] numbers;

  /** Looks through all values if they are fractions, for what they mean. */
  Samples(BufferedImage image, int... bands) {
    raster = image.getRaster();
    this.bands = bands;
    bits = image.getColorModel().getComponentSize(bands[0]);
    fractions = isFloat(image);
    numbers = new double[fractions ? image.getWidth() : 0];
    scale = fractions ? scale() : 1;
    if (raster.getTransferType() == DataBuffer.TYPE_SHORT
        || (raster.getTransferType() == DataBuffer.TYPE_INT && bits > 16)) {
      throw new BadInputException(
          "its pixels are numbers with a sign or of 32 bits, which do not tell what is black and what is white; "
              + "save it with 8 or 16 bits without sign");
    }
  }

  static boolean isFloat(BufferedImage image) {
    int type = image.getRaster().getTransferType();
    return type == DataBuffer.TYPE_FLOAT || type == DataBuffer.TYPE_DOUBLE;
  }

  private double scale() {
    double largest = 0;
    for (int band : bands) {
      for (int y = 0; y < raster.getHeight(); y++) {
        raster.getSamples(0, y, numbers.length, 1, band, numbers);
        for (double number : numbers) {
          if (!(number >= -1 && number <= 255.5)) { // NaN is neither
            throw new BadInputException(
                "it holds %s in row %d; fractions are read as light from 0 to 1, or from 0 to 255: scale them, or save it with 8 or 16 bits"
                    .formatted(number, y));
          }
          largest = Math.max(largest, number);
        }
      }
    }
    return largest <= LARGEST_FRACTION ? 255 : 1;
  }

  /** Fills a row with one of the bands. */
  void band(int index, int y, int[] target) {
    if (fractions) {
      raster.getSamples(0, y, target.length, 1, bands[index], numbers);
      for (int x = 0; x < target.length; x++) {
        target[x] = Math.clamp(Math.round(numbers[x] * scale), 0, 255);
      }
      return;
    }
    raster.getSamples(0, y, target.length, 1, bands[index], target);
    if (bits > 8) {
      for (int x = 0; x < target.length; x++) {
        target[x] >>= bits - 8;
      }
    } else if (bits < 8) {
      for (int x = 0; x < target.length; x++) {
        target[x] = target[x] * 255 / ((1 << bits) - 1);
      }
    }
  }

  @Override
  public void row(int y, int[][] target) {
    for (int channel = 0; channel < target.length; channel++) {
      if (channel < bands.length) {
        band(channel, y, target[channel]);
      } else {
        System.arraycopy(target[0], 0, target[channel], 0, target[0].length);
      }
    }
  }
}
