package dev.eigenseg.cli.report;

import dev.eigenseg.api.PatchLogits;
import java.lang.foreign.ValueLayout;

/**
 * For each patch of an image the cluster that it falls into, and by how much: the difference of its
 * two largest logits. The difference ranks the patches of one model; it is no probability, and
 * those of two models are not to be compared.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Decisions(int[] cluster, float[] margin) {
  static Decisions of(PatchLogits logits) {
    int patches = Math.toIntExact(logits.values().size(0));
    int clusters = Math.toIntExact(logits.values().size(1));
    Decisions decisions = new Decisions(new int[patches], new float[patches]);
    for (int patch = 0; patch < patches; patch++) {
      long row = (long) patch * clusters;
      int best = 0;
      float first = logits.values().segment().getAtIndex(ValueLayout.JAVA_FLOAT, row);
      float second = Float.NEGATIVE_INFINITY;
      for (int k = 1; k < clusters; k++) {
        float value = logits.values().segment().getAtIndex(ValueLayout.JAVA_FLOAT, row + k);
        if (value > first) {
          second = first;
          first = value;
          best = k;
        } else if (value > second) {
          second = value;
        }
      }
      decisions.cluster[patch] = best;
      decisions.margin[patch] = first - second;
    }
    return decisions;
  }
}
