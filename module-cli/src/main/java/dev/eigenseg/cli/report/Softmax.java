package dev.eigenseg.cli.report;

import dev.eigenseg.api.PatchLogits;
import java.lang.foreign.ValueLayout;

/** For each patch the cluster that it falls into, and how sure the model is. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Softmax(int[] cluster, double[] probability) {
  static Softmax of(PatchLogits logits) {
    int patches = Math.toIntExact(logits.values().size(0));
    int clusters = Math.toIntExact(logits.values().size(1));
    Softmax softmax = new Softmax(new int[patches], new double[patches]);
    float[] row = new float[clusters];
    for (int patch = 0; patch < patches; patch++) {
      read(logits, patch, row);
      int best = 0;
      for (int k = 1; k < clusters; k++) {
        best = row[k] > row[best] ? k : best;
      }
      double sum = 0;
      for (float value : row) {
        sum += Math.exp((value - (double) row[best]) / logits.divisor());
      }
      softmax.cluster[patch] = best;
      softmax.probability[patch] = 1 / sum;
    }
    return softmax;
  }

  private static void read(PatchLogits logits, int patch, float[] row) {
    long offset = (long) patch * row.length;
    for (int k = 0; k < row.length; k++) {
      row[k] = logits.values().segment().getAtIndex(ValueLayout.JAVA_FLOAT, offset + k);
    }
  }

  /** The mean probability of the clusters chosen. */
  double confidence() {
    double sum = 0;
    for (double p : probability) {
      sum += p;
    }
    return sum / probability.length;
  }
}
