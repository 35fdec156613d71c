package dev.eigenseg.cli.demo;

import dev.eigenseg.api.ClassList;
import dev.eigenseg.api.Images;
import dev.eigenseg.cli.input.Inputs;
import dev.eigenseg.train.dataset.Dataset;
import dev.eigenseg.train.dataset.LabelMap;
import dev.eigenseg.train.dataset.Sample;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A picture of pictures: for each sample the image, the ground truth, and what K-means and the
 * eigenfunctions made of it.
 */
final class ContactSheet {
  private static final List<String> HEADINGS = List.of("image", "ground truth", "K-means", "Ours");
  private static final int GAP = 8;
  private static final int HEADING = 28;
  private static final int LEGEND = 32;
  private static final int SWATCH = 14;

  private final Dataset dataset;
  private final List<Sample> samples;
  private final Path segments;

  /**
   * A sheet of samples whose class maps are in the folders {@code kmeans} and {@code ours} of
   * {@code segments}.
   */
  ContactSheet(Dataset dataset, List<Sample> samples, Path segments) {
    this.dataset = dataset;
    this.samples = List.copyOf(samples);
    this.segments = segments;
  }

  BufferedImage draw() throws IOException {
    BufferedImage first = Images.read(samples.getFirst().image());
    int width = first.getWidth() + GAP;
    int height = first.getHeight() + GAP;
    BufferedImage sheet =
        new BufferedImage(
            HEADINGS.size() * width + GAP,
            HEADING + samples.size() * height + LEGEND,
            BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = sheet.createGraphics();
    try {
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
      graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 16));
      graphics.setColor(Color.BLACK);
      for (int column = 0; column < HEADINGS.size(); column++) {
        graphics.drawString(HEADINGS.get(column), GAP + column * width, HEADING - GAP);
      }
      for (int row = 0; row < samples.size(); row++) {
        List<BufferedImage> pictures = pictures(samples.get(row));
        for (int column = 0; column < pictures.size(); column++) {
          graphics.drawImage(
              pictures.get(column), GAP + column * width, HEADING + row * height, null);
        }
      }
      legend(graphics, sheet.getHeight() - LEGEND + GAP);
    } finally {
      graphics.dispose();
    }
    return sheet;
  }

  private List<BufferedImage> pictures(Sample sample) throws IOException {
    BufferedImage image = Images.read(sample.image());
    String map = Inputs.stem(sample.image().getFileName()) + ".png";
    return List.of(
        image,
        paint(dataset.labels(sample, image.getWidth(), image.getHeight())),
        paint(LabelMap.read(segments.resolve("kmeans").resolve(map))),
        paint(LabelMap.read(segments.resolve("ours").resolve(map))));
  }

  // Void, and clusters without a class, are black.
  private BufferedImage paint(LabelMap labels) {
    List<ClassList.NamedClass> classes = dataset.classes().classes();
    BufferedImage picture =
        new BufferedImage(labels.width(), labels.height(), BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < labels.height(); y++) {
      for (int x = 0; x < labels.width(); x++) {
        int label = labels.at(x, y);
        picture.setRGB(x, y, label < classes.size() ? classes.get(label).rgb() : 0);
      }
    }
    return picture;
  }

  private void legend(Graphics2D graphics, int y) {
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    int x = GAP;
    for (ClassList.NamedClass named : dataset.classes().classes()) {
      graphics.setColor(new Color(named.rgb()));
      graphics.fillRect(x, y, SWATCH, SWATCH);
      graphics.setColor(Color.BLACK);
      graphics.drawString(named.name(), x + SWATCH + 4, y + SWATCH - 2);
      x += SWATCH + 4 + graphics.getFontMetrics().stringWidth(named.name()) + 2 * GAP;
    }
  }
}
