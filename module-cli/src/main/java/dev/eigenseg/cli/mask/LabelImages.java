package dev.eigenseg.cli.mask;

import dev.eigenseg.train.dataset.LabelMap;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;

/** Label maps as the images that tools read, whose value 0 is a pixel without a class. */
final class LabelImages {
  private LabelImages() {}

  /**
   * Values in one channel.
   *
   * @param values of the classes, in the order of their indices, at most 65535
   * @param wide whether a value takes 16 bits
   */
  static BufferedImage grey(LabelMap labels, int[] values, boolean wide) {
    BufferedImage image =
        new BufferedImage(
            labels.width(),
            labels.height(),
            wide ? BufferedImage.TYPE_USHORT_GRAY : BufferedImage.TYPE_BYTE_GRAY);
    fill(image, labels, values);
    return image;
  }

  /** Each class's index plus one in one channel of 8 bits, which a palette colours. */
  static BufferedImage palette(LabelMap labels, int[] colors) {
    IndexColorModel palette =
        new IndexColorModel(Byte.SIZE, colors.length, colors, 0, false, -1, DataBuffer.TYPE_BYTE);
    BufferedImage image =
        new BufferedImage(
            labels.width(), labels.height(), BufferedImage.TYPE_BYTE_INDEXED, palette);
    int[] values = new int[colors.length - 1];
    for (int i = 0; i < values.length; i++) {
      values[i] = i + 1;
    }
    fill(image, labels, values);
    return image;
  }

  private static void fill(BufferedImage image, LabelMap labels, int[] values) {
    DataBuffer data = image.getRaster().getDataBuffer();
    for (int y = 0; y < labels.height(); y++) {
      for (int x = 0; x < labels.width(); x++) {
        int label = labels.at(x, y);
        data.setElem(y * labels.width() + x, label < values.length ? values[label] : 0);
      }
    }
  }

  /** Each class's colour; that of no class stands first. */
  static BufferedImage colors(LabelMap labels, int[] colors) {
    BufferedImage image =
        new BufferedImage(labels.width(), labels.height(), BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < labels.height(); y++) {
      for (int x = 0; x < labels.width(); x++) {
        int label = labels.at(x, y);
        image.setRGB(x, y, colors[label < colors.length - 1 ? label + 1 : 0]);
      }
    }
    return image;
  }
}
