package dev.eigenseg.api;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Draws what the colours of an overlay mean. */
final class Legend {
  private static final System.Logger LOGGER = System.getLogger(Legend.class.getName());
  private static final int ROW = 20;
  private static final int MARGIN = 8;
  private static final int SWATCH = 14;
  private static final int FEW = 8;

  private Legend() {}

  /**
   * One line.
   *
   * @param name what the colour means
   * @param rgb the colour
   * @param share of the image's pixels, from 0 to 1
   */
  record Entry(String name, int rgb, double share) {
    String text() {
      return String.format(Locale.ROOT, "%s  %.1f %%", name, 100 * share);
    }
  }

  /**
   * The image with a legend on its right. Entries that do not fit beside the image are summed up in
   * the last one; small images become taller to hold a few.
   */
  static BufferedImage attach(BufferedImage image, List<Entry> all) {
    int room = Math.max(FEW, (image.getHeight() - 2 * MARGIN) / ROW);
    List<Entry> entries = all.size() <= room ? all : sumUp(all, room - 1);
    int width = 2 * MARGIN + SWATCH;
    BufferedImage probe = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
    Graphics2D measure = probe.createGraphics();
    boolean text;
    try {
      text = true;
      measure.setFont(font());
      FontMetrics metrics = measure.getFontMetrics();
      int widest = entries.stream().mapToInt(e -> metrics.stringWidth(e.text())).max().orElse(0);
      width += MARGIN + widest;
    } catch (RuntimeException | LinkageError | InternalError e) {
      // Java brings no fonts of its own: on a machine without any, drawing text fails in many ways.
      LOGGER.log(
          System.Logger.Level.WARNING,
          "no fonts here, so legends have no text; install a font and fontconfig",
          e);
      text = false;
    } finally {
      measure.dispose();
    }
    return draw(image, entries, width, text);
  }

  private static List<Entry> sumUp(List<Entry> all, int kept) {
    List<Entry> entries = new ArrayList<>(all.subList(0, kept));
    double rest = all.stream().skip(kept).mapToDouble(Entry::share).sum();
    entries.add(
        new Entry(String.format(Locale.ROOT, "and %d more", all.size() - kept), 0xFFFFFF, rest));
    return entries;
  }

  private static Font font() {
    return new Font(Font.SANS_SERIF, Font.PLAIN, 13);
  }

  private static BufferedImage draw(
      BufferedImage image, List<Entry> entries, int legendWidth, boolean text) {
    int height = Math.max(image.getHeight(), 2 * MARGIN + ROW * entries.size());
    BufferedImage result =
        new BufferedImage(image.getWidth() + legendWidth, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = result.createGraphics();
    try {
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, result.getWidth(), height);
      graphics.drawImage(image, 0, 0, null);
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      int x = image.getWidth() + MARGIN;
      int y = MARGIN;
      for (Entry entry : entries) {
        graphics.setColor(new Color(entry.rgb()));
        graphics.fillRect(x, y + (ROW - SWATCH) / 2, SWATCH, SWATCH);
        if (text) {
          graphics.setColor(Color.BLACK);
          graphics.setFont(font());
          graphics.drawString(entry.text(), x + SWATCH + MARGIN, y + ROW - 6);
        }
        y += ROW;
      }
      return result;
    } finally {
      graphics.dispose();
    }
  }
}
