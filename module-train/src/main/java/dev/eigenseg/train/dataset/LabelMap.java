package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Images;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.nio.file.Path;
import java.util.function.IntUnaryOperator;

/** The class index of every pixel of an image. Immutable and thread-safe. */
public final class LabelMap {
  private final int width;
  private final int height;
  private final char[] labels;

  private LabelMap(int width, int height, char[] labels) {
    this.width = width;
    this.height = height;
    this.labels = labels;
  }

  /**
   * A copy of the given labels.
   *
   * @param labels row by row from the top left
   */
  public static LabelMap of(int width, int height, char[] labels) {
    if (labels.length != Math.multiplyExact(width, height)) {
      throw new IllegalArgumentException(
          "%d labels for %d x %d pixels".formatted(labels.length, width, height));
    }
    return new LabelMap(width, height, labels.clone());
  }

  /**
   * Reads a PNG of class indices: one channel of 8 or 16 bits, or a palette of which the indices
   * count and the colours do not.
   *
   * @throws BadInputException if it is missing, no readable image, or has several channels
   */
  public static LabelMap read(Path file) {
    // The raster holds what the file holds; going through the colour model would apply palettes and
    // grey gamma.
    Raster raster = Images.readRaw(file).getRaster();
    if (raster.getNumBands() != 1) {
      throw new BadInputException(
          "%s has %d channels, expected one: a label map is an 8- or 16-bit grey or palette PNG whose values are class indices, not colours"
              .formatted(file, raster.getNumBands()));
    }
    int width = raster.getWidth();
    int height = raster.getHeight();
    char[] labels = new char[Math.multiplyExact(width, height)];
    int[] row = new int[width];
    for (int y = 0; y < height; y++) {
      raster.getSamples(0, y, width, 1, 0, row);
      for (int x = 0; x < width; x++) {
        labels[y * width + x] = (char) row[x];
      }
    }
    return new LabelMap(width, height, labels);
  }

  /** Pixels from left to right. */
  public int width() {
    return width;
  }

  /** Pixels from top to bottom. */
  public int height() {
    return height;
  }

  /** The label of one pixel. */
  public int at(int x, int y) {
    if (x < 0 || x >= width || y < 0 || y >= height) {
      throw new IndexOutOfBoundsException(
          "(%d, %d) of %d x %d pixels".formatted(x, y, width, height));
    }
    return labels[y * width + x];
  }

  /** As a single-channel image whose raw values are the indices: 8 bits if they fit, else 16. */
  BufferedImage toImage() {
    boolean wide = false;
    for (char label : labels) {
      wide |= label > 255;
    }
    BufferedImage image =
        new BufferedImage(
            width, height, wide ? BufferedImage.TYPE_USHORT_GRAY : BufferedImage.TYPE_BYTE_GRAY);
    DataBuffer data = image.getRaster().getDataBuffer();
    for (int i = 0; i < labels.length; i++) {
      data.setElem(i, labels[i]);
    }
    return image;
  }

  /**
   * Other values in the same places.
   *
   * @param valueOf the new value for an old one, or -1 for what should not be there
   * @param file where the labels come from, for the message
   * @param fault what is wrong with a value that should not be there
   */
  LabelMap map(IntUnaryOperator valueOf, Path file, String fault) {
    char[] mapped = new char[labels.length];
    for (int i = 0; i < labels.length; i++) {
      int value = valueOf.applyAsInt(labels[i]);
      if (value < 0) {
        throw new BadInputException(
            "%s holds %d at (%d, %d), %s"
                .formatted(file, (int) labels[i], i % width, i / width, fault));
      }
      mapped[i] = (char) value;
    }
    return new LabelMap(width, height, mapped);
  }

  void requireSize(int imageWidth, int imageHeight, Sample sample) {
    if (width != imageWidth || height != imageHeight) {
      throw new BadInputException(
          "%s is %d x %d pixels, its image %s is %d x %d; labels must have the size of their image"
              .formatted(sample.label(), width, height, sample.image(), imageWidth, imageHeight));
    }
  }

  void requireIndices(int classes, int voidIndex, Path file) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] >= classes && labels[i] != voidIndex) {
        throw new BadInputException(
            "%s holds %d at (%d, %d); expected a class from 0 to %d, or %d for void. Correct the label, or add the class to classes.json"
                .formatted(file, (int) labels[i], i % width, i / width, classes - 1, voidIndex));
      }
    }
  }
}
