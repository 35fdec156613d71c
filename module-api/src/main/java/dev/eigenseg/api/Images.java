package dev.eigenseg.api;

import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.ChannelWrites;
import java.awt.Graphics2D;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Reads and writes image files. Thread-safe. */
public final class Images {
  private static final Pattern TRUNCATED = Pattern.compile("Truncated File|premature end of data");

  private Images() {}

  /**
   * Reads an image as plain RGB, whatever its own colour model; transparent parts lie on black.
   *
   * @return an image of {@link BufferedImage#TYPE_INT_RGB}
   * @throws BadInputException if there is no such file, or no readable image in it; the message
   *     says what to do
   */
  public static BufferedImage read(Path image) {
    return toRgb(readRaw(image));
  }

  /**
   * Reads an image in its own colour model, for label maps, whose indices must not pass through a
   * colour conversion.
   *
   * @throws BadInputException as {@link #read}
   */
  public static BufferedImage readRaw(Path image) {
    return decode(image, Images::pixels);
  }

  /**
   * What an image file says of itself before its pixels begin.
   *
   * @param width in pixels
   * @param height likewise
   * @param channels of a pixel in the file, such as 1 for grey and for a palette; 0 if the format
   *     does not tell
   */
  public record Header(int width, int height, int channels) {}

  /**
   * Reads the header of an image and leaves its pixels alone; that they are whole is not known.
   *
   * @throws BadInputException as {@link #read}
   */
  public static Header header(Path image) {
    return decode(image, Images::header);
  }

  /** What is wanted of an opened file. */
  @FunctionalInterface
  private interface Decoder<T> {
    T decode(ImageReader reader) throws IOException;
  }

  private static <T> T decode(Path image, Decoder<T> decoder) {
    if (!Files.isRegularFile(image)) {
      throw new BadInputException(image + ": there is no such image file; check the path");
    }
    // A stream of our own: ImageIO's default would write a cache file to disk for every image.
    // It does not close what it reads from.
    try (InputStream file = Files.newInputStream(image);
        ImageInputStream input = new MemoryCacheImageInputStream(file)) {
      return decode(image, input, decoder);
    } catch (BadInputException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Readers throw all kinds of RuntimeExceptions on damaged files.
      throw new BadInputException(
          "%s: not a readable image (%s); if other programs show it, save it again as an RGB PNG or JPEG, or leave it out"
              .formatted(image, e.getMessage()),
          e);
    }
  }

  private static <T> T decode(Path path, ImageInputStream input, Decoder<T> decoder)
      throws IOException {
    Iterator<ImageReader> readers = ImageIO.getImageReaders(input);
    if (!readers.hasNext()) {
      throw new BadInputException(
          path
              + ": not an image of a known format ("
              + String.join(", ", ImageIO.getReaderFileSuffixes())
              + "); convert it to PNG or JPEG");
    }
    ImageReader reader = readers.next();
    try {
      reader.setInput(input, true, true);
      return decoder.decode(reader);
    } finally {
      reader.dispose();
    }
  }

  private static BufferedImage pixels(ImageReader reader) throws IOException {
    List<String> warnings = new ArrayList<>();
    reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
    BufferedImage image = reader.read(0);
    // The JPEG reader fills what is missing with grey and calls that a warning.
    if (warnings.stream().anyMatch(warning -> TRUNCATED.matcher(warning).find())) {
      throw new IIOException("the file ends before the image does");
    }
    return image;
  }

  private static Header header(ImageReader reader) throws IOException {
    ImageTypeSpecifier type = reader.getRawImageType(0);
    return new Header(
        reader.getWidth(0), reader.getHeight(0), type == null ? 0 : type.getNumBands());
  }

  private static BufferedImage toRgb(BufferedImage image) {
    if (image.getType() == BufferedImage.TYPE_INT_RGB) {
      return image;
    }
    BufferedImage rgb =
        new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
    if (image.getColorModel() instanceof ComponentColorModel model
        && model.getColorSpace().getType() == ColorSpace.TYPE_GRAY) {
      copyGray(image, rgb);
      return rgb;
    }
    Graphics2D graphics = rgb.createGraphics();
    try {
      graphics.drawImage(image, 0, 0, null);
    } finally {
      graphics.dispose();
    }
    return rgb;
  }

  // Java takes grey values for linear light and brightens them; files mean the values they hold.
  private static void copyGray(BufferedImage image, BufferedImage rgb) {
    Raster raster = image.getRaster();
    int[] row = new int[image.getWidth() * raster.getNumBands()];
    int shift = raster.getSampleModel().getSampleSize(0) - 8;
    for (int y = 0; y < image.getHeight(); y++) {
      raster.getPixels(0, y, image.getWidth(), 1, row);
      for (int x = 0; x < image.getWidth(); x++) {
        int gray = row[x * raster.getNumBands()] >> shift;
        if (raster.getNumBands() > 1) {
          gray = gray * (row[x * raster.getNumBands() + 1] >> shift) / 255;
        }
        rgb.setRGB(x, y, gray << 16 | gray << 8 | gray);
      }
    }
  }

  /** Writes an image as PNG; the file is whole or absent. */
  public static void writePng(BufferedImage image, Path file) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream output = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image, "png", output)) {
        throw new IllegalArgumentException("no PNG writer for " + image);
      }
    }
    ByteBuffer content = ByteBuffer.wrap(bytes.toByteArray());
    AtomicFile.write(file, channel -> ChannelWrites.all(channel, content));
  }
}
