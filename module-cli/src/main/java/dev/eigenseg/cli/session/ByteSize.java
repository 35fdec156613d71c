package dev.eigenseg.cli.session;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of bytes as people write it: {@code 512m}, {@code 2g}. */
public record ByteSize(long bytes) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,12})([kmgt]?)b?");
  private static final String UNITS = "kmgt";

  /** Reads a size. */
  public static final class Converter implements ITypeConverter<ByteSize> {
    @Override
    public ByteSize convert(String value) {
      Matcher matcher = FORM.matcher(value.toLowerCase(Locale.ROOT));
      if (!matcher.matches()) {
        throw new TypeConversionException("'" + value + "' is not a size such as 512m or 2g");
      }
      int power = matcher.group(2).isEmpty() ? 0 : UNITS.indexOf(matcher.group(2)) + 1;
      try {
        return new ByteSize(
            Math.multiplyExact(Long.parseLong(matcher.group(1)), Math.powExact(1024L, power)));
      } catch (ArithmeticException e) {
        throw new TypeConversionException("'" + value + "' is too large");
      }
    }
  }

  @Override
  public String toString() {
    double value = bytes;
    int power = -1;
    while (value >= 1024 && power < UNITS.length() - 1) {
      value /= 1024;
      power++;
    }
    return power < 0
        ? bytes + " bytes"
        : String.format(
            Locale.ROOT,
            "%.1f %siB",
            value,
            UNITS.substring(power, power + 1).toUpperCase(Locale.ROOT));
  }
}
