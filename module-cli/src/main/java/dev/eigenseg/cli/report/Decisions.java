package dev.eigenseg.cli.report;

import dev.eigenseg.api.ClusterNames;
import dev.eigenseg.api.PatchLogits;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * For each patch of an image the cluster that it falls into, and by how much. Differences of logits
 * rank the patches of one model; they are no probabilities, and those of two models are not to be
 * compared.
 *
 * @param cluster of the largest logit
 * @param margin what it is ahead of the next cluster
 * @param clarity what it is ahead of the next cluster of another name, infinite if there is none;
 *     empty for a model without names. Among 64 clusters for eleven classes the next cluster is
 *     mostly one of the same class, and how near it is says nothing of errors.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Decisions(int[] cluster, float[] margin, Optional<float[]> clarity) {
  static Decisions of(PatchLogits logits, Optional<ClusterNames> names) {
    int patches = Math.toIntExact(logits.values().size(0));
    int[] own = new int[Math.toIntExact(logits.values().size(1))];
    for (int cluster = 0; cluster < own.length; cluster++) {
      own[cluster] = cluster;
    }
    int[] chosen = new int[patches];
    float[] margin = new float[patches];
    float[] clarity = new float[patches];
    int[] groups = names.map(ClusterNames::classOfCluster).orElse(own);
    float[] row = new float[own.length];
    for (int patch = 0; patch < patches; patch++) {
      read(logits, patch, row);
      chosen[patch] = largest(row);
      margin[patch] = ahead(row, chosen[patch], own);
      clarity[patch] = ahead(row, chosen[patch], groups);
    }
    return new Decisions(chosen, margin, names.map(known -> clarity));
  }

  private static void read(PatchLogits logits, int patch, float[] row) {
    long offset = (long) patch * row.length;
    for (int k = 0; k < row.length; k++) {
      row[k] = logits.values().segment().getAtIndex(ValueLayout.JAVA_FLOAT, offset + k);
    }
  }

  private static int largest(float[] row) {
    int best = 0;
    for (int k = 1; k < row.length; k++) {
      best = row[k] > row[best] ? k : best;
    }
    return best;
  }

  private static float ahead(float[] row, int best, int[] groups) {
    float next = Float.NEGATIVE_INFINITY;
    for (int k = 0; k < row.length; k++) {
      next = groups[k] == groups[best] ? next : Math.max(next, row[k]);
    }
    return row[best] - next;
  }
}
