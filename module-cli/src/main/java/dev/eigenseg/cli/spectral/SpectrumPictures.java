package dev.eigenseg.cli.spectral;

import dev.eigenseg.api.Images;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.train.evaluation.SpectralClusters;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Eigenvectors of one image as maps, blue for negative and red for positive values; below each,
 * where there is a model, as far as its learned functions hold it.
 */
final class SpectrumPictures {
  private static final String EIGENVECTORS = "eigenvectors.png";
  private static final String CLUSTERS = "clusters.png";

  /** What {@link #write} writes. */
  static final List<String> FILES = List.of(EIGENVECTORS, CLUSTERS);

  private static final int COLUMNS = 4;
  private static final int TILE_WIDTH = 240;
  private static final int GAP = 8;
  private static final int TITLE = 22;
  private static final Color POSITIVE = new Color(0xB2182B);
  private static final Color NEGATIVE = new Color(0x2166AC);

  private final ImageEntry image;
  private final Spectrum spectrum;
  private final int tileHeight;

  private SpectrumPictures(ImageEntry image, Spectrum spectrum) {
    this.image = image;
    this.spectrum = spectrum;
    this.tileHeight = Math.max(1, TILE_WIDTH * image.height() / image.width());
  }

  /** Writes {@code eigenvectors.png} and {@code clusters.png}. */
  static void write(
      Path folder,
      BufferedImage photograph,
      ImageEntry image,
      Spectrum spectrum,
      SpectralClusters clusters)
      throws IOException {
    Optional<Tensor> learned = spectrum.projected();
    try {
      Images.writePng(
          new SpectrumPictures(image, spectrum).sheet(photograph, learned),
          folder.resolve(EIGENVECTORS));
    } finally {
      learned.ifPresent(Tensor::close);
    }
    Images.writePng(clusters.segment(image).overlay(photograph), folder.resolve(CLUSTERS));
  }

  private BufferedImage sheet(BufferedImage photograph, Optional<Tensor> learned) {
    int count = spectrum.count() + 1; // and the photograph
    int cell = TITLE + (tileHeight + GAP) * (learned.isPresent() ? 2 : 1);
    BufferedImage sheet =
        new BufferedImage(
            COLUMNS * (TILE_WIDTH + GAP) + GAP,
            Math.ceilDiv(count, COLUMNS) * cell + GAP,
            BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = sheet.createGraphics();
    try {
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      graphics.setRenderingHint(
          RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
      graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
      graphics.setColor(Color.BLACK);
      for (int tile = 0; tile < count; tile++) {
        int x = GAP + tile % COLUMNS * (TILE_WIDTH + GAP);
        int y = tile / COLUMNS * cell + TITLE;
        if (tile == 0) {
          graphics.drawString(
              learned.isPresent() ? "exact above, learned below" : "photograph", x, y - 6);
          graphics.drawImage(photograph, x, y, TILE_WIDTH, tileHeight, null);
        } else {
          vector(graphics, tile - 1, x, y, learned);
        }
      }
    } finally {
      graphics.dispose();
    }
    return sheet;
  }

  private void vector(Graphics2D graphics, int pair, int x, int y, Optional<Tensor> learned) {
    graphics.drawString(
        String.format(Locale.ROOT, "%d   %.4f", pair + 1, spectrum.pairs().values()[pair]),
        x,
        y - 6);
    float most = largest(spectrum.pairs().vectors(), pair);
    graphics.drawImage(
        map(spectrum.pairs().vectors(), pair, most), x, y, TILE_WIDTH, tileHeight, null);
    learned.ifPresent(functions ->
        graphics.drawImage(
            map(functions, pair, most), x, y + tileHeight + 2, TILE_WIDTH, tileHeight, null));
  }

  private float largest(Tensor vectors, int pair) {
    float most = Float.MIN_NORMAL;
    for (int patch = 0; patch < image.patches(); patch++) {
      most = Math.max(most, Math.abs(vectors.get((long) patch * spectrum.count() + pair)));
    }
    return most;
  }

  private BufferedImage map(Tensor vectors, int pair, float most) {
    BufferedImage map =
        new BufferedImage(image.gridColumns(), image.gridRows(), BufferedImage.TYPE_INT_RGB);
    for (int patch = 0; patch < image.patches(); patch++) {
      float value = vectors.get((long) patch * spectrum.count() + pair) / most;
      map.setRGB(patch % image.gridColumns(), patch / image.gridColumns(), color(value));
    }
    return map;
  }

  /** White at 0, red at 1, blue at -1. */
  private static int color(float value) {
    Color end = value > 0 ? POSITIVE : NEGATIVE;
    float strength = Math.min(1, Math.abs(value));
    return new Color(
            faded(end.getRed(), strength),
            faded(end.getGreen(), strength),
            faded(end.getBlue(), strength))
        .getRGB();
  }

  private static int faded(int channel, float strength) {
    return Math.round(255 + (channel - 255) * strength);
  }
}
