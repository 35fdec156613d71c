package dev.eigenseg.api.bank;

import java.util.List;

/**
 * Standard deviations of the feature levels over a bank, from sums that were taken image by image.
 */
final class BankScales {
  /** The levels that have a scale. */
  static final List<Level> LEVELS = List.of(Level.LOW, Level.MID, Level.HIGH);

  private BankScales() {}

  /**
   * The standard deviation of all values of a level, 1 where it is 0. Sums are taken in double
   * precision in the images' order, so they do not depend on how often the writing was interrupted.
   */
  static float scale(List<ImageJournal.Line> lines, Level level, int dim) {
    double sum = 0;
    double squares = 0;
    double values = 0;
    for (ImageJournal.Line line : lines) {
      sum += line.block(level).sum();
      squares += line.block(level).squares();
      values += (double) line.image().patches() * dim;
    }
    double mean = sum / values;
    float deviation = (float) Math.sqrt(Math.max(0, squares / values - mean * mean));
    return deviation > 0 ? deviation : 1;
  }
}
