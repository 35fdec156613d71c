package dev.eigenseg.cli.session;

import dev.eigenseg.api.ImageGeometry;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code WIDTHxHEIGHT}. */
public final class SizeConverter implements ITypeConverter<ImageGeometry.Size> {
  @Override
  public ImageGeometry.Size convert(String value) {
    try {
      return ImageGeometry.Size.parse(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
