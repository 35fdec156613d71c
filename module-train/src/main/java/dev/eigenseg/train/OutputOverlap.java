package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How far learned eigenfunctions are from what eigenfunctions are, orthogonal: the sum of squared
 * cosines between all pairs of them over the patches of a bank, sum_{i<j} cos(psi_i, psi_j)^2. 0
 * for orthogonal ones, K (K - 1) / 2 for K that are all the same. Among models that differ by their
 * seed alone, those of less overlap tend to be the better ones, more than those of a smaller loss;
 * no labels are needed. Needs no tensor engine; not part of the published method.
 */
public final class OutputOverlap {
  // Fixed, so that sums do not depend on the number of threads; few, as each has a matrix.
  private static final int PARTS = 8;

  private OutputOverlap() {}

  /**
   * Looks at a bank.
   *
   * @param bank features of the backbone that the model was trained on, by custom its training
   *     bank; borrowed
   * @param model borrowed
   * @param threads worker threads; the result does not depend on it
   * @param progress counts images
   * @throws BadInputException if the model has no eigenfunctions
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public static double of(FeatureBank bank, SegmenterModel model, int threads, Progress progress)
      throws IOException {
    try (Tensor outputs = BankPsi.outputs(bank, model, threads, progress)) {
      return of(outputs, threads, progress);
    }
  }

  /** Of the columns of a matrix, float32 {@code [patches, K]}; columns of zeros overlap nothing. */
  static double of(Tensor outputs, int threads, Progress progress) {
    long rows = outputs.size(0);
    int count = Math.toIntExact(outputs.size(1));
    double[][][] parts = new double[PARTS][][];
    Parallel.forEach(
        threads,
        PARTS,
        part -> {
          progress.checkCancelled();
          long first = part * rows / PARTS;
          parts[(int) part] = products(outputs.segment(), first, (part + 1) * rows / PARTS, count);
        });
    double[][] products = new double[count][count];
    for (double[][] part : parts) {
      for (int a = 0; a < count; a++) {
        for (int b = a; b < count; b++) {
          products[a][b] += part[a][b];
        }
      }
    }
    double overlap = 0;
    for (int a = 0; a < count; a++) {
      for (int b = a + 1; b < count; b++) {
        double squares = products[a][a] * products[b][b];
        overlap += squares > 0 ? products[a][b] * products[a][b] / squares : 0;
      }
    }
    return overlap;
  }

  /** The scalar products of all pairs of columns over some rows, above the diagonal and on it. */
  private static double[][] products(MemorySegment outputs, long first, long end, int count) {
    double[][] products = new double[count][count];
    float[] row = new float[count];
    for (long i = first; i < end; i++) {
      MemorySegment.copy(outputs, ValueLayout.JAVA_FLOAT, i * count * Float.BYTES, row, 0, count);
      for (int a = 0; a < count; a++) {
        double value = row[a];
        if (value > 0) { // of a softmax most are next to nothing
          double[] sums = products[a];
          for (int b = a; b < count; b++) {
            sums[b] += value * row[b];
          }
        }
      }
    }
    return products;
  }
}
