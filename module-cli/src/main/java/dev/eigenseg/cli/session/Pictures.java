package dev.eigenseg.cli.session;

import dev.eigenseg.api.internal.file.AtomicFile;
import dev.eigenseg.api.internal.file.ChannelWrites;
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
    ByteBuffer content = ByteBuffer.wrap(bytes.toByteArray());
    AtomicFile.write(file, channel -> ChannelWrites.all(channel, content));
  }
}
