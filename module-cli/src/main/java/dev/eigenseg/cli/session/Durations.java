package dev.eigenseg.cli.session;

import java.util.Locale;

/** Seconds as people read them. */
public final class Durations {
  private Durations() {}

  /** For example {@code 0.4 s}, {@code 12 s}, {@code 3 min 20 s}, {@code 2 h 05 min}. */
  public static String text(double seconds) {
    if (seconds < 10) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    long whole = Math.round(seconds);
    if (whole < 60) {
      return whole + " s";
    }
    if (whole < 3600) {
      return String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60);
    }
    return String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole % 3600 / 60);
  }
}
