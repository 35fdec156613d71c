package dev.eigenseg.api;

import dev.eigenseg.api.internal.kernel.ImagePixels;
import dev.eigenseg.api.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * How an image of any size becomes a grid of patches, and how a grid maps back: an optional
 * bilinear resize to a fixed size, then whole patches by a {@link Border}. Before that, which of a
 * file's bands are the image.
 *
 * @param resize the size to which every image is resized, or empty to keep each image's own
 * @param patchSize the backbone's patch side in pixels
 * @param border what becomes of sides that are no multiple of the patch
 * @param bands taken for red, green and blue, or empty for the image as viewers show it
 */
public record ImageGeometry(
    Optional<Size> resize, int patchSize, Border border, Optional<Images.Bands> bands) {
  /** Checks that the patch has a size. */
  public ImageGeometry {
    if (patchSize < 1) {
      throw new IllegalArgumentException("patches of " + patchSize + " pixels");
    }
  }

  /** For images as viewers show them, padded with black as in the published code. */
  public ImageGeometry(Optional<Size> resize, int patchSize) {
    this(resize, patchSize, Border.BLACK, Optional.empty());
  }

  /** What becomes of sides that are no multiple of the patch. */
  public enum Border {
    /**
     * Black on the right and below up to whole patches, cropped from the result: the published
     * procedure. Patches that are partly black are alike whatever they show.
     */
    BLACK,
    /**
     * No border: the image is resized to the nearest size of whole patches, at most half a patch
     * away. On photographs this was better than black, repeated and mirrored edges, see
     * docs/results.md.
     */
    FIT;

    /** The name used in options and files, such as {@code "fit"}. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads what {@link #text} writes.
     *
     * @throws IllegalArgumentException if it is no border
     */
    public static Border parse(String text) {
      return Arrays.stream(values())
          .filter(border -> border.text().equals(text))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("there is no border '" + text + "'"));
    }
  }

  /** Width and height in pixels, each at most {@value #LONGEST_SIDE}. */
  public record Size(int width, int height) {
    /** The most pixels of a side. */
    public static final int LONGEST_SIDE = 1 << 24;

    /** Checks that both are positive and not too large. */
    public Size {
      if (width < 1 || height < 1 || width > LONGEST_SIDE || height > LONGEST_SIDE) {
        throw new IllegalArgumentException(
            "not an image size: %dx%d, expected sides from 1 to %d"
                .formatted(width, height, LONGEST_SIDE));
      }
    }

    /** Reads {@code "480x352"}, width first. */
    public static Size parse(String text) {
      String[] sides = text.split("x", -1);
      try {
        if (sides.length == 2) {
          return new Size(Integer.parseInt(sides[0]), Integer.parseInt(sides[1]));
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("not a size: '" + text + "', expected WIDTHxHEIGHT", e);
      }
      throw new IllegalArgumentException("not a size: '" + text + "', expected WIDTHxHEIGHT");
    }

    @Override
    public String toString() {
      return width + "x" + height;
    }
  }

  /** The same size of content, with other patches. */
  public ImageGeometry withPatchSize(int value) {
    return new ImageGeometry(resize, value, border, bands);
  }

  /** The same patches, for content that keeps its own size. */
  public ImageGeometry withoutResize() {
    return new ImageGeometry(Optional.empty(), patchSize, border, bands);
  }

  /** The same with every image resized to one size. */
  public ImageGeometry withResize(Size size) {
    return new ImageGeometry(Optional.of(size), patchSize, border, bands);
  }

  /** The same with another {@link #border}. */
  public ImageGeometry withBorder(Border value) {
    return new ImageGeometry(resize, patchSize, value, bands);
  }

  /** The same size and patches, from other bands of a file. */
  public ImageGeometry withBands(Optional<Images.Bands> value) {
    return new ImageGeometry(resize, patchSize, border, value);
  }

  /**
   * Reads an image file: {@link Images#read(Path, Optional)} with these bands.
   *
   * @throws BadInputException if it is not a readable image, or has no such bands
   */
  public BufferedImage read(Path image) {
    return Images.read(image, bands);
  }

  /**
   * As {@link #read(Path)} for a file's content in memory.
   *
   * @param image borrowed
   */
  public BufferedImage read(MemorySegment image) {
    return Images.read(image, bands);
  }

  /** The content's size before padding, for an image of the given size. */
  public Size content(int width, int height) {
    Size size = resize.orElseGet(() -> new Size(width, height));
    return border == Border.FIT ? new Size(fit(size.width()), fit(size.height())) : size;
  }

  private int fit(int side) {
    return Math.max(1, Math.round((float) side / patchSize)) * patchSize;
  }

  /** Patch rows for an image of the given size. */
  public int gridRows(int width, int height) {
    return Math.ceilDiv(content(width, height).height(), patchSize);
  }

  /** Patch columns for an image of the given size. */
  public int gridColumns(int width, int height) {
    return Math.ceilDiv(content(width, height).width(), patchSize);
  }

  /**
   * The backbone's input.
   *
   * @return float32, {@code [3, gridRows * patchSize, gridColumns * patchSize]}, RGB in [0, 1]; the
   *     caller owns it
   */
  public Tensor pixels(BufferedImage image) {
    Size content = content(image.getWidth(), image.getHeight());
    return ImagePixels.planes(
        image,
        ImagePixels.Crop.whole(content.width(), content.height(), false),
        gridColumns(image.getWidth(), image.getHeight()) * patchSize,
        gridRows(image.getWidth(), image.getHeight()) * patchSize);
  }

  /**
   * The colours on the patch grid: half-pixel bilinear samples of the backbone's input, without
   * antialiasing.
   *
   * @param pixels the result of {@link #pixels}; borrowed
   * @return float32, {@code [gridRows * gridColumns, 3]}; the caller owns it
   */
  public Tensor patchColors(Tensor pixels) {
    int rows = Math.toIntExact(pixels.size(1) / patchSize);
    int columns = Math.toIntExact(pixels.size(2) / patchSize);
    return ImagePixels.reduceToGrid(pixels, rows, columns);
  }
}
