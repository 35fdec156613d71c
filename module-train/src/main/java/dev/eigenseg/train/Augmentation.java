package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.api.ImageGeometry.Size;
import dev.eigenseg.api.internal.file.Hashes;
import dev.eigenseg.api.internal.kernel.ImagePixels.Crop;
import dev.eigenseg.train.neuralef.Streams;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * How random views of an image are made: resized by a random factor, a random rectangle cut out,
 * perhaps mirrored, its colours changed. This is the augmentation of the paper's code, which is
 * that of Segmenter (Strudel et al. 2021) with mmsegmentation's transforms, but for two things:
 * crops are not drawn again by their labels, which there are none of here; and an image that is
 * smaller than the crop after resizing stays as small as it is, where the published code pads it.
 * So no patch of a view is padding. Views are of whole patches where the bank's images are; else a
 * side is filled up with black, as everywhere.
 *
 * <p>Command-line options and settings in files are named {@code augment-} and the component.
 *
 * @param crop the largest view; a view is smaller where the resized image is. If empty, the size
 *     that the image has at factor 1
 * @param base the longer and the shorter side of a box into which the image is fitted at factor 1,
 *     keeping its aspect, whichever way it stands. If empty, it has the bank's size, or else its
 *     own
 * @param smallestScale the factor is drawn between this one
 * @param largestScale and this one
 * @param flip whether half of the views are mirrored from left to right
 * @param colors strength of the change of colours: 1 as published, see {@link ColorDistortion}; 0
 *     for none
 */
public record Augmentation(
    Optional<Size> crop,
    Optional<Size> base,
    double smallestScale,
    double largestScale,
    boolean flip,
    double colors) {
  /** Factors 0.5 to 2, mirrored or not, colours as published; nothing is said of sizes. */
  public static final Augmentation DEFAULT =
      new Augmentation(Optional.empty(), Optional.empty(), 0.5, 2, true, 1);

  /**
   * Checks the ranges.
   *
   * @throws BadInputException naming the option that is out of range
   */
  public Augmentation {
    if (!(smallestScale > 0 && smallestScale <= largestScale && largestScale <= 16)) {
      throw new BadInputException(
          "augment-scale is %s to %s, expected two factors above 0, the smaller one first, at most 16"
              .formatted(smallestScale, largestScale));
    }
    if (!(colors >= 0 && colors <= 2)) {
      throw new BadInputException(
          "augment-colors is %s, expected 0 (none) to 2; 1 is as published".formatted(colors));
    }
  }

  /** The same with another {@link #crop}. */
  public Augmentation withCrop(Size size) {
    return new Augmentation(Optional.of(size), base, smallestScale, largestScale, flip, colors);
  }

  /** The same with another {@link #base}. */
  public Augmentation withBase(Size size) {
    return new Augmentation(crop, Optional.of(size), smallestScale, largestScale, flip, colors);
  }

  /** The same with other factors. */
  public Augmentation withScale(double smallest, double largest) {
    return new Augmentation(crop, base, smallest, largest, flip, colors);
  }

  /** The same with or without mirrored views. */
  public Augmentation withFlip(boolean mirrored) {
    return new Augmentation(crop, base, smallestScale, largestScale, mirrored, colors);
  }

  /** The same with another strength of colours. */
  public Augmentation withColors(double strength) {
    return new Augmentation(crop, base, smallestScale, largestScale, flip, strength);
  }

  /** Everything that decides a view, by option name. */
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("augment-crop", crop.map(Size::toString).orElse("whole"));
    settings.put("augment-base", base.map(Size::toString).orElse("bank"));
    settings.put("augment-scale", smallestScale + "," + largestScale);
    settings.put("augment-flip", Boolean.toString(flip));
    settings.put("augment-colors", Double.toString(colors));
    return settings;
  }

  /**
   * One random view: a pure function of the arguments, whatever was drawn before.
   *
   * @param geometry how the bank's images became patches
   * @param width pixels of the image
   * @param height likewise
   * @param seed of the run
   * @param path the image's, as the bank has it
   * @param round which of the image's views this is, such as the epoch
   */
  AugmentedView view(
      ImageGeometry geometry, int width, int height, long seed, String path, int round) {
    RandomGenerator random =
        Streams.stream(seed, Streams.Purpose.AUGMENTATION, stream(path, round));
    Size whole = fitted(geometry.content(width, height));
    double factor = smallestScale + random.nextDouble() * (largestScale - smallestScale);
    Size resized = new Size(scaled(whole.width(), factor), scaled(whole.height(), factor));
    int columns = wholePatches(geometry, Math.min(resized.width(), crop.orElse(whole).width()));
    int rows = wholePatches(geometry, Math.min(resized.height(), crop.orElse(whole).height()));
    int left = random.nextInt(resized.width() - columns + 1);
    int top = random.nextInt(resized.height() - rows + 1);
    boolean mirrored = flip && random.nextBoolean();
    return new AugmentedView(
        new Crop(resized.width(), resized.height(), mirrored, left, top, columns, rows),
        ColorDistortion.random(random, colors),
        geometry.withoutResize());
  }

  // A random rectangle may as well be one of whole patches, so that nothing has to be filled up.
  private static int wholePatches(ImageGeometry geometry, int side) {
    return geometry.border() == ImageGeometry.Border.BLACK || side < geometry.patchSize()
        ? side
        : side - side % geometry.patchSize();
  }

  // Two images of the same checksum would share their random numbers, which does no harm.
  private static long stream(String path, int round) {
    return (long) Hashes.crc32c(path) << Integer.SIZE | Integer.toUnsignedLong(round);
  }

  // The box is so and so long and wide, the image may stand upright in it.
  private Size fitted(Size content) {
    if (base.isEmpty()) {
      return content;
    }
    Size box = base.get();
    double factor =
        Math.min(
            (double) Math.max(box.width(), box.height())
                / Math.max(content.width(), content.height()),
            (double) Math.min(box.width(), box.height())
                / Math.min(content.width(), content.height()));
    return new Size(scaled(content.width(), factor), scaled(content.height(), factor));
  }

  private static int scaled(int side, double factor) {
    return Math.toIntExact(Math.max(1, Math.round(side * factor)));
  }
}
