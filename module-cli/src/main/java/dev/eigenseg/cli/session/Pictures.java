package dev.eigenseg.cli.session;

import dev.eigenseg.api.internal.file.AtomicFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Writes pictures for people. */
public final class Pictures {
  private Pictures() {}

  /** Writes a PNG; the file is whole or absent. */
  public static void write(BufferedImage image, Path file) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    // A stream of our own: ImageIO's default would write a cache file to disk for every picture.
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      ImageIO.write(image, "png", out);
    }
    AtomicFile.write(
        file,
        channel -> {
          ByteBuffer content = ByteBuffer.wrap(bytes.toByteArray());
          while (content.hasRemaining()) {
            channel.write(content);
          }
        });
  }
}
