package dev.eigenseg.train.dataset;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Images;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.nio.file.Path;
import java.util.function.IntUnaryOperator;
import java.util.function.UnaryOperator;

/** The class index of every pixel of an image. Immutable and thread-safe. */
public final class LabelMap {
  /** What is wrong with a label map whose pixels are not those that were drawn. */
  static final String LOSSY =
      " is stored lossily, as JPEG is whatever the file is called: near borders its values are not those "
          + "that were drawn. Export the labels anew, as PNG";

  private static final int COLORS = 3;

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
   * @throws BadInputException if it is missing, no readable image, stored lossily, or has several
   *     channels
   */
  public static LabelMap read(Path file) {
    Raster raster = raster(file);
    if (raster.getNumBands() != 1) {
      throw new BadInputException(
          "%s has %d channels, expected one: a label map is an 8- or 16-bit grey or palette PNG whose values are class indices, not colours"
              .formatted(file, raster.getNumBands()));
    }
    return of(raster);
  }

  /**
   * Reads a PNG of class indices as {@link #read(Path)}, or one of 8-bit RGB whose colours stand
   * for classes.
   *
   * @param indices as they are where there is one channel
   * @param indexOf the index of a colour, {@code 0xRRGGBB}, or -1 for one that should not be there
   * @param fault what is wrong with that one
   */
  static LabelMap read(
      Path file, UnaryOperator<LabelMap> indices, IntUnaryOperator indexOf, String fault) {
    Raster raster = raster(file);
    if (raster.getNumBands() < COLORS || raster.getSampleModel().getSampleSize(0) != Byte.SIZE) {
      return indices.apply(read(file));
    }
    int width = raster.getWidth();
    int height = raster.getHeight();
    char[] labels = new char[Math.multiplyExact(width, height)];
    int[] row = new int[width * raster.getNumBands()];
    for (int y = 0; y < height; y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++) {
        int at = x * raster.getNumBands();
        int color = row[at] << 16 | row[at + 1] << 8 | row[at + 2];
        int index = indexOf.applyAsInt(color);
        if (index < 0) {
          throw new BadInputException(
              "%s holds the colour [%d, %d, %d] at (%d, %d), %s"
                  .formatted(file, row[at], row[at + 1], row[at + 2], x, y, fault));
        }
        labels[y * width + x] = (char) index;
      }
    }
    return new LabelMap(width, height, labels);
  }

  // The raster holds what the file holds; going through the colour model would apply palettes and
  // grey gamma.
  private static Raster raster(Path file) {
    if (Images.header(file).lossy()) {
      throw new BadInputException(file + LOSSY);
    }
    return Images.readRaw(file).getRaster();
  }

  private static LabelMap of(Raster raster) {
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
          sizeFault(sample, width, height, Images.header(sample.image()))
              + "; labels must have the size of their image");
    }
  }

  /** What to say of a label that has not its image's size. */
  static String sizeFault(Sample sample, int width, int height, Images.Header image) {
    String fault =
        "%s is %d x %d pixels, its image %s is %d x %d"
            .formatted(
                sample.label(), width, height, sample.image(), image.width(), image.height());
    if (width != image.height() || height != image.width()) {
      return fault;
    }
    return image.orientation() > 1
        ? fault
            + ", since it carries the EXIF orientation %d and is read upright, and its label is not: "
                .formatted(image.orientation())
            + "turn the label as viewers turn the image, or save the image without the tag"
        : fault + ", as if one of the two were turned by a quarter: turn it back";
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
