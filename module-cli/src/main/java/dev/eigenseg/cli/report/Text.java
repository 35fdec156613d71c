package dev.eigenseg.cli.report;

import java.util.Locale;

/** Numbers and colours as they stand in a page. */
final class Text {
  private Text() {}

  /** {@code 12.3} of 0.123. */
  static String percent(double fraction) {
    return String.format(Locale.ROOT, "%.1f", 100 * fraction);
  }

  /** A fraction as scripts and style sheets read it. */
  static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  static String seconds(double seconds) {
    return String.format(Locale.ROOT, seconds < 10 ? "%.2f" : "%.1f", seconds);
  }

  /** {@code #rrggbb}. */
  static String color(int rgb) {
    return String.format(Locale.ROOT, "#%06x", rgb & 0xFFFFFF);
  }
}
