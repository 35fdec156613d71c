package dev.eigenseg.api;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Reads image files. Thread-safe. */
public final class Images {
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
    if (!Files.isRegularFile(image)) {
      throw new BadInputException(image + ": there is no such image file; check the path");
    }
    // A stream of our own: ImageIO's default would write a cache file to disk for every image.
    try (ImageInputStream input = new MemoryCacheImageInputStream(Files.newInputStream(image))) {
      return decode(image, input);
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

  private static BufferedImage decode(Path path, ImageInputStream input) throws IOException {
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
      return reader.read(0);
    } finally {
      reader.dispose();
    }
  }

  private static BufferedImage toRgb(BufferedImage image) {
    if (image.getType() == BufferedImage.TYPE_INT_RGB) {
      return image;
    }
    BufferedImage rgb =
        new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = rgb.createGraphics();
    try {
      graphics.drawImage(image, 0, 0, null);
    } finally {
      graphics.dispose();
    }
    return rgb;
  }
}
