package dev.eigenseg.cli.report;

import dev.eigenseg.api.ImageGeometry.Size;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;

/** Small pictures of large ones. */
final class Thumbnail {
  /**
   * The longest side in a report, in pixels: an image of CamVid, with all that is shown of it,
   * takes 125 kB.
   */
  static final int SIDE = 480;

  private Thumbnail() {}

  /** The size of an image in a report; small images keep theirs. */
  static Size sizeOf(int width, int height) {
    double scale = Math.min(1, (double) SIDE / Math.max(width, height));
    return new Size(
        Math.max(1, (int) Math.round(width * scale)),
        Math.max(1, (int) Math.round(height * scale)));
  }

  /** The image at {@link #sizeOf} its size. */
  static BufferedImage of(BufferedImage image) {
    return resize(image, sizeOf(image.getWidth(), image.getHeight()));
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
