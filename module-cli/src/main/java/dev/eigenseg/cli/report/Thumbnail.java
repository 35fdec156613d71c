package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;

/** Small pictures of large ones. */
final class Thumbnail {
  private Thumbnail() {}

  /** The size of an image whose longest side is no longer than that; small images keep theirs. */
  static Size sizeOf(int width, int height, int side) {
    double scale = Math.min(1, (double) side / Math.max(width, height));
    return new Size(
        Math.max(1, (int) Math.round(width * scale)),
        Math.max(1, (int) Math.round(height * scale)));
  }

  /**
   * The image at any size. It is halved as long as it can be, since a bilinear step looks at no
   * more than four pixels.
   */
  static BufferedImage resize(BufferedImage image, Size size) {
    BufferedImage current = image;
    while (current.getWidth() >= 2 * size.width() && current.getHeight() >= 2 * size.height()) {
      current = draw(current, new Size(current.getWidth() / 2, current.getHeight() / 2));
    }
    return draw(current, size);
  }

  private static BufferedImage draw(BufferedImage image, Size size) {
    BufferedImage drawn =
        new BufferedImage(size.width(), size.height(), BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = drawn.createGraphics();
    try {
      graphics.setRenderingHint(
          RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
      graphics.drawImage(image, 0, 0, size.width(), size.height(), null);
    } finally {
      graphics.dispose();
    }
    return drawn;
  }
}
