package dev.eigenseg.train.evaluation;

import dev.eigenseg.train.dataset.LabelMap;
import java.awt.image.BufferedImage;

/**
 * The square in the middle of an image that was resized so that its shorter side is the square's.
 * The longer side is rounded down and the square's corner to the nearest pixel, halves to even, as
 * in torchvision, where the published numbers come from. Only the square's pixels are computed.
 *
 * @param side of the square, in pixels
 * @param sampling how colours are resized; labels always take the nearest pixel
 */
record CenterCrop(int side, Sampling sampling) {
  /** How the colours of a resized image come from those of the original. */
  enum Sampling {
    /** The pixel under each centre, which is the pixel that the labels come from. */
    NEAREST,
    /** Weights that fall linearly with the distance, over wider areas where images shrink. */
    BILINEAR
  }

  /** Checks that the square has a size. */
  CenterCrop {
    if (side < 1) {
      throw new IllegalArgumentException("a square of " + side + " pixels");
    }
  }

  /** The square of an image, as {@link BufferedImage#TYPE_INT_RGB}. */
  BufferedImage image(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    ResizedAxis across = across(width, height);
    ResizedAxis down = down(width, height);
    int[] colors = image.getRGB(0, 0, width, height, null, 0, width);
    int[] square =
        sampling == Sampling.NEAREST
            ? nearest(colors, width, across, down)
            : bilinear(colors, width, across, down);
    BufferedImage cropped = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    cropped.getRaster().setDataElements(0, 0, side, side, square);
    return cropped;
  }

  /** The same square of the image's labels. */
  LabelMap labels(LabelMap labels) {
    ResizedAxis across = across(labels.width(), labels.height());
    ResizedAxis down = down(labels.width(), labels.height());
    char[] square = new char[side * side];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        square[y * side + x] = (char) labels.at(across.nearest(x), down.nearest(y));
      }
    }
    return LabelMap.of(side, side, square);
  }

  private ResizedAxis across(int width, int height) {
    return ResizedAxis.centred(width, Math.min(width, height), side);
  }

  private ResizedAxis down(int width, int height) {
    return ResizedAxis.centred(height, Math.min(width, height), side);
  }

  private int[] nearest(int[] colors, int width, ResizedAxis across, ResizedAxis down) {
    int[] square = new int[side * side];
    for (int y = 0; y < side; y++) {
      int row = down.nearest(y) * width;
      for (int x = 0; x < side; x++) {
        square[y * side + x] = colors[row + across.nearest(x)];
      }
    }
    return square;
  }

  private int[] bilinear(int[] colors, int width, ResizedAxis across, ResizedAxis down) {
    int height = colors.length / width;
    int[] narrow = new int[side * height];
    for (int x = 0; x < side; x++) {
      ResizedAxis.Taps taps = across.taps(x);
      for (int y = 0; y < height; y++) {
        narrow[y * side + x] = taps.mix(colors, y * width, 1);
      }
    }
    int[] square = new int[side * side];
    for (int y = 0; y < side; y++) {
      ResizedAxis.Taps taps = down.taps(y);
      for (int x = 0; x < side; x++) {
        square[y * side + x] = taps.mix(narrow, x, side);
      }
    }
    return square;
  }
}
