package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;

/** A map of numbers at the size of a thumbnail: of clusters, or of classes. Immutable. */
final class SmallMap {
  private static final int PALETTE = 256;
  private static final int NO_TRANSPARENT_INDEX = -1;

  private final Size size;
  private final char[] values;

  private SmallMap(Size size, char[] values) {
    this.size = size;
    this.values = values;
  }

  /**
   * Takes a large map at the centres of the small one's pixels.
   *
   * @param width of the large map
   * @param height likewise
   * @param at its value at a column and a row, unsigned 16 bits
   */
  static SmallMap of(int width, int height, IntBinaryOperator at) {
    Size size = Thumbnail.sizeOf(width, height);
    char[] values = new char[size.width() * size.height()];
    for (int y = 0; y < size.height(); y++) {
      int row = (int) ((2L * y + 1) * height / (2L * size.height()));
      for (int x = 0; x < size.width(); x++) {
        int column = (int) ((2L * x + 1) * width / (2L * size.width()));
        values[y * size.width() + x] = (char) at.applyAsInt(column, row);
      }
    }
    return new SmallMap(size, values);
  }

  /** In colours, {@code 0xAARRGGBB}. */
  BufferedImage draw(IntUnaryOperator color) {
    int[] pixels = new int[values.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = color.applyAsInt(values[i]);
    }
    return flat(pixels);
  }

  /** In colours that depend on the values of two maps of the same size. */
  BufferedImage draw(SmallMap other, IntBinaryOperator color) {
    if (!other.size.equals(size)) {
      throw new IllegalArgumentException("maps of " + size + " and " + other.size + " pixels");
    }
    int[] pixels = new int[values.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = color.applyAsInt(values[i], other.values[i]);
    }
    return flat(pixels);
  }

  // With a palette where one suffices: a PNG then holds one byte a pixel before compression, not
  // four.
  private BufferedImage flat(int[] pixels) {
    Map<Integer, Integer> palette = new LinkedHashMap<>();
    for (int pixel : pixels) {
      palette.putIfAbsent(pixel, palette.size());
    }
    if (palette.size() > PALETTE) {
      BufferedImage image =
          new BufferedImage(size.width(), size.height(), BufferedImage.TYPE_INT_ARGB);
      image.setRGB(0, 0, size.width(), size.height(), pixels, 0, size.width());
      return image;
    }
    int[] colors = palette.keySet().stream().mapToInt(Integer::intValue).toArray();
    IndexColorModel model =
        new IndexColorModel(
            8, colors.length, colors, 0, true, NO_TRANSPARENT_INDEX, DataBuffer.TYPE_BYTE);
    BufferedImage image =
        new BufferedImage(size.width(), size.height(), BufferedImage.TYPE_BYTE_INDEXED, model);
    byte[] indices = new byte[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      indices[i] = palette.get(pixels[i]).byteValue();
    }
    image.getRaster().setDataElements(0, 0, size.width(), size.height(), indices);
    return image;
  }
}
