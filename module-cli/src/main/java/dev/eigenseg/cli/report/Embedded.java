package dev.eigenseg.cli.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Pictures as text that stands in a page: {@code data:} addresses. */
final class Embedded {
  private Embedded() {}

  /**
   * A photograph, as JPEG; without transparency.
   *
   * @param quality from 0 to 1; pictures are looked at, not measured, so 0.8 is plenty
   */
  static String jpeg(BufferedImage image, float quality) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try {
      ImageWriteParam settings = writer.getDefaultWriteParam();
      settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      settings.setCompressionQuality(quality);
      return encode("image/jpeg", writer, image, settings);
    } finally {
      writer.dispose();
    }
  }

  /** Flat colours, as PNG. */
  static String png(BufferedImage image) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    try {
      return encode("image/png", writer, image, writer.getDefaultWriteParam());
    } finally {
      writer.dispose();
    }
  }

  private static String encode(
      String type, ImageWriter writer, BufferedImage image, ImageWriteParam settings) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(out);
      writer.write(null, new IIOImage(image, null, null), settings);
    } catch (IOException e) { // into memory, which does not fail
      throw new UncheckedIOException(e);
    }
    return "data:" + type + ";base64," + Base64.getEncoder().encodeToString(bytes.toByteArray());
  }
}
