package dev.eigenseg.api;

import java.util.ArrayList;
import java.util.List;

/**
 * At what sizes a backbone looks at an image.
 *
 * @param text the scales as they were given
 * @param scales factors of the image's sides
 * @param mirror whether it looks at the image mirrored left to right as well, at every size
 */
record Looks(String text, List<Double> scales, boolean mirror) {
  private static final double LEAST = 0.25;
  private static final double MOST = 8;

  /**
   * Reads looks as settings write them.
   *
   * @param scales numbers with commas between them
   * @param mirror {@code true} or {@code false}
   * @throws BadInputException if a scale is none
   */
  static Looks parse(String scales, String mirror) {
    List<Double> numbers = new ArrayList<>();
    for (String part : scales.split(",", -1)) {
      numbers.add(scale(part.strip(), scales));
    }
    return new Looks(scales, List.copyOf(numbers), Boolean.parseBoolean(mirror));
  }

  private static double scale(String part, String scales) {
    try {
      double number = Double.parseDouble(part);
      if (number >= LEAST && number <= MOST) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new BadInputException(
        "looks are '%s', expected numbers from %s to %.0f with commas between them, such as 1,2"
            .formatted(scales, LEAST, MOST));
  }
}
