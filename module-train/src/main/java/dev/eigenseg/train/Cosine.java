package dev.eigenseg.train;

/** A value that goes from one number to another along half a cosine over the updates of a run. */
public record Cosine(double from, double to) {
  /**
   * The value at update {@code step} (from 0) of {@code steps}: the first gets {@code from}, the
   * last {@code to}.
   */
  public double at(long step, long steps) {
    double part = steps <= 1 ? 0 : (double) step / (steps - 1);
    return to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * part));
  }
}
