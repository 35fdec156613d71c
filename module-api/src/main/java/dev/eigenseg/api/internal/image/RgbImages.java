package dev.eigenseg.api.internal.image;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.internal.resource.CallScope;
import java.awt.Graphics2D;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferInt;
import java.awt.image.Raster;
import java.util.Optional;

/**
 * Plain RGB from images of any kind: what a viewer shows, with transparent parts on black. One
 * image gives the same numbers whether its file is read here or was read by ImageIO, as far as
 * ImageIO tells what is in it.
 */
public final class RgbImages {
  private static final ColorSpace LINEAR_GRAY = ColorSpace.getInstance(ColorSpace.CS_GRAY);
  private static final int CMYK = 4;
  private static final int BAND = 256; // rows

  private RgbImages() {}

  /**
   * Converts an image of which nothing is known but what it tells itself.
   *
   * @return an image of {@link BufferedImage#TYPE_INT_RGB}; the given one if it is of that type
   * @throws BadInputException if its numbers have no known black and white
   */
  public static BufferedImage of(BufferedImage image) {
    if (image.getType() == BufferedImage.TYPE_INT_RGB) {
      return image;
    }
    if (image.getColorModel() instanceof ComponentColorModel model) {
      ColorSpace colors = model.getColorSpace();
      Layout layout = layout(model);
      if (colors.equals(LINEAR_GRAY)) {
        // Java takes grey for linear light and brightens it; files mean the values they hold.
        return compose(new Samples(image, layout.colors()), image, layout);
      }
      if (isPlainCmyk(colors)) {
        return compose(new InkSamples(image), image, layout);
      }
      if (model.getTransferType() != DataBuffer.TYPE_BYTE
          && model.getTransferType() != DataBuffer.TYPE_USHORT) {
        return compose(new Samples(image, layout.colors()), image, layout);
      }
    }
    return draw(image);
  }

  /**
   * Converts the image of a file.
   *
   * @param image as ImageIO's reader gives it
   * @param tags of the file
   * @throws BadInputException if its numbers have no known black and white
   */
  public static BufferedImage of(BufferedImage image, ImageTags tags) {
    Optional<Profile> profile = Profile.unapplied(image, tags);
    Optional<ImageTags.TiffBands> bands =
        tags.bands().filter(tiff -> tiff.hasMore() && hasBands(image, tiff.layout().bands()));
    if (bands.isEmpty() && profile.isEmpty()) {
      return of(image);
    }
    if (!(image.getColorModel() instanceof ComponentColorModel model)) { // a palette
      BufferedImage rgb = of(image);
      Layout opaque = Layout.opaque(0, 1, 2);
      return profile.map(p -> compose(p.samples(rgb, opaque), rgb, opaque)).orElse(rgb);
    }
    Layout layout = bands.map(ImageTags.TiffBands::layout).orElseGet(() -> layout(model));
    ColorSamples samples =
        profile
            .map(p -> p.samples(image, layout))
            .orElseGet(() -> new Samples(image, layout.colors()));
    return compose(samples, image, layout);
  }

  /**
   * Takes three of an image's bands for red, green and blue, as the numbers they are.
   *
   * @param bands from 0
   * @throws BadInputException if the image has no such bands
   */
  public static BufferedImage ofBands(BufferedImage image, int... bands) {
    BufferedImage source = image.getColorModel() instanceof ComponentColorModel ? image : of(image);
    Layout layout = Layout.opaque(bands);
    int found = source.getRaster().getNumBands();
    if (layout.bands() > found) {
      throw new BadInputException(
          "it has %d bands, and there is no band %d".formatted(found, layout.bands()));
    }
    return compose(new Samples(source, bands), source, layout);
  }

  private static boolean hasBands(BufferedImage image, int count) {
    return image.getColorModel() instanceof ComponentColorModel
        && image.getRaster().getNumBands() >= count;
  }

  private static boolean isPlainCmyk(ColorSpace colors) {
    return colors.getType() == ColorSpace.TYPE_CMYK
        && colors.getNumComponents() == CMYK
        && !(colors instanceof ICC_ColorSpace);
  }

  static Layout layout(ComponentColorModel model) {
    int colors = model.getNumColorComponents();
    int[] bands =
        colors < 3 ? new int[] {0} : colors == CMYK ? new int[] {0, 1, 2, 3} : new int[] {0, 1, 2};
    return new Layout(bands, model.hasAlpha() ? colors : -1, model.isAlphaPremultiplied());
  }

  private static BufferedImage draw(BufferedImage image) {
    BufferedImage rgb = plain(image);
    CallScope scope = CallScope.current();
    Graphics2D graphics = rgb.createGraphics();
    try {
      // In bands, since drawing cannot be stopped.
      for (int y = 0; y < image.getHeight(); y += BAND) {
        scope.check();
        int height = Math.min(BAND, image.getHeight() - y);
        graphics.drawImage(image.getSubimage(0, y, image.getWidth(), height), 0, y, null);
      }
    } finally {
      graphics.dispose();
    }
    return rgb;
  }

  private static BufferedImage plain(BufferedImage image) {
    return new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
  }

  private static BufferedImage compose(ColorSamples colors, BufferedImage image, Layout layout) {
    BufferedImage rgb = plain(image);
    int width = image.getWidth();
    int[] pixels = ((DataBufferInt) rgb.getRaster().getDataBuffer()).getData();
    int[][] row = new int[3][width];
    int[] opacity = new int[width];
    Optional<Samples> alpha =
        layout.alpha() >= 0 && !layout.multiplied()
            ? Optional.of(new Samples(image, layout.alpha()))
            : Optional.empty();
    CallScope scope = CallScope.current();
    for (int y = 0; y < image.getHeight(); y++) {
      scope.check();
      colors.row(y, row);
      if (alpha.isPresent()) {
        alpha.get().band(0, y, opacity);
        for (int[] channel : row) {
          multiply(channel, opacity);
        }
      }
      for (int x = 0; x < width; x++) {
        pixels[y * width + x] = row[0][x] << 16 | row[1][x] << 8 | row[2][x];
      }
    }
    return rgb;
  }

  private static void multiply(int[] channel, int[] opacity) {
    for (int x = 0; x < channel.length; x++) {
      channel[x] = (channel[x] * opacity[x] + 127) / 255;
    }
  }

  /** Red, green and blue, row by row. */
  interface ColorSamples {
    /** Fills each of three rows with values from 0 to 255. */
    void row(int y, int[][] target);
  }

  /** Ink that no profile describes: what is left of white light behind each, as viewers do it. */
  private static final class InkSamples implements ColorSamples {
    private final Samples samples;
    private final int[] black;

    InkSamples(BufferedImage image) {
      samples = new Samples(image, 0, 1, 2, 3);
      black = new int[image.getWidth()];
    }

    @Override
    public void row(int y, int[][] target) {
      samples.band(3, y, black);
      for (int x = 0; x < black.length; x++) {
        black[x] = 255 - black[x];
      }
      for (int ink = 0; ink < target.length; ink++) {
        samples.band(ink, y, target[ink]);
        for (int x = 0; x < black.length; x++) {
          target[ink][x] = 255 - target[ink][x];
        }
        multiply(target[ink], black);
      }
    }
  }

  /** The profile of a file, where ImageIO's reader has not applied it or told of it. */
  private record Profile(ICC_Profile profile) {
    static Optional<Profile> unapplied(BufferedImage image, ImageTags tags) {
      if (tags.profile().isEmpty()) {
        return Optional.empty();
      }
      ICC_Profile profile = tags.profile().get();
      int colors = image.getColorModel().getNumColorComponents();
      // The JPEG reader applies profiles of RGB and no others, as the plugin for WebP does.
      boolean applied =
          colors == 3 && (tags.kind() == ImageKind.JPEG || tags.kind() == ImageKind.WEBP);
      return !applied
              && !Samples.isFloat(image)
              && profile.getNumComponents() == colors
              && ProfileRaster.matters(profile)
          ? Optional.of(new Profile(profile))
          : Optional.empty();
    }

    ColorSamples samples(BufferedImage image, Layout layout) {
      Raster converted = ProfileRaster.convert(profile, image.getRaster(), layout.colors());
      return (y, target) -> {
        for (int channel = 0; channel < target.length; channel++) {
          converted.getSamples(0, y, converted.getWidth(), 1, channel, target[channel]);
        }
      };
    }
  }
}
