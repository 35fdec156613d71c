package dev.eigenseg.graph;

/**
 * The measured fraction of true neighbours that an approximate search found.
 *
 * @param fraction of the sample
 * @param margin half the width of its 95 % confidence interval
 */
public record Recall(double fraction, double margin) {
  private static final double NORMAL_95 = 1.96;

  /** The mean over sampled rows of the share of its neighbours that each found. */
  public static Recall of(double[] shares) {
    double sum = 0;
    double squares = 0;
    for (double share : shares) {
      sum += share;
      squares += share * share;
    }
    double mean = sum / shares.length;
    double variance = Math.max(0, squares / shares.length - mean * mean);
    return new Recall(mean, NORMAL_95 * Math.sqrt(variance / shares.length));
  }
}
