package dev.eigenseg.cli.input;

import dev.eigenseg.api.ImageGeometry;
import dev.eigenseg.cli.session.SizeConverter;
import dev.eigenseg.train.Augmentation;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How random views of an image are made, named as in {@link Augmentation}. */
public final class AugmentOptions {
  @Option(
      names = "--augment-crop",
      paramLabel = "WxH",
      converter = SizeConverter.class,
      description =
          "The largest view; smaller images stay smaller (default: the image at factor 1).")
  private Optional<ImageGeometry.Size> crop = Optional.empty();

  @Option(
      names = "--augment-base",
      paramLabel = "WxH",
      converter = SizeConverter.class,
      description =
          "At factor 1 an image is fitted into a box with these sides, whichever way it stands (default: the size it has in the bank).")
  private Optional<ImageGeometry.Size> base = Optional.empty();

  @Option(
      names = "--augment-scale",
      paramLabel = "MIN,MAX",
      converter = ScaleConverter.class,
      description = "The image is resized by a factor between these (default: 0.5,2).")
  private Optional<Scale> scale = Optional.empty();

  @Option(
      names = "--augment-flip",
      paramLabel = "true|false",
      arity = "1",
      description = "Mirror half of the views (default: true).")
  private Optional<Boolean> flip = Optional.empty();

  @Option(
      names = "--augment-colors",
      paramLabel = "X",
      description =
          "How much brightness, contrast, saturation and hue change: 0 for none (default: 1, as published).")
  private Optional<Double> colors = Optional.empty();

  /** Two factors. */
  record Scale(double smallest, double largest) {}

  /** An augmentation with what the user gave in place of what it had. */
  public Augmentation change(Augmentation augmentation) {
    Augmentation changed = augmentation;
    if (crop.isPresent()) {
      changed = changed.withCrop(crop.get());
    }
    if (base.isPresent()) {
      changed = changed.withBase(base.get());
    }
    if (scale.isPresent()) {
      changed = changed.withScale(scale.get().smallest(), scale.get().largest());
    }
    if (flip.isPresent()) {
      changed = changed.withFlip(flip.get());
    }
    return colors.isPresent() ? changed.withColors(colors.get()) : changed;
  }

  /** Reads two factors. */
  static final class ScaleConverter implements ITypeConverter<Scale> {
    @Override
    public Scale convert(String value) {
      String[] factors = value.split(",", -1);
      try {
        if (factors.length == 2) {
          return new Scale(Double.parseDouble(factors[0]), Double.parseDouble(factors[1]));
        }
      } catch (NumberFormatException e) {
        throw notTwo(value);
      }
      throw notTwo(value);
    }

    private static TypeConversionException notTwo(String value) {
      return new TypeConversionException("'" + value + "' is not two factors, such as 0.5,2");
    }
  }
}
