package dev.eigenseg.train;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.EigensegException;
import dev.eigenseg.api.PatchFeatures;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.SegmenterMethod;
import dev.eigenseg.infer.SegmenterModel;
import dev.eigenseg.infer.segment.ClusterOutputs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * How far learned eigenfunctions are from what eigenfunctions are, orthogonal: the sum of squared
 * cosines between all pairs of them over the patches of a bank, {@code sum_{i<j} cos(psi_i,
 * psi_j)^2}. 0 for orthogonal ones, K (K - 1) / 2 for K that are all the same. Among models that
 * differ by their seed alone, those of less overlap tend to be the better ones, more than those of
 * a smaller loss; no labels are needed. Needs no tensor engine; not part of the published method.
 */
public final class OutputOverlap {
  // Fixed, so that sums do not depend on the number of threads; few, as each has a matrix.
  private static final int PARTS = 8;

  private OutputOverlap() {}

  /**
   * Looks at a bank, an image at a time.
   *
   * @param bank features of the backbone that the model was trained on, by custom its training
   *     bank; borrowed
   * @param model borrowed
   * @param threads worker threads; the result does not depend on it
   * @param progress counts images
   * @throws BadInputException if the model has no eigenfunctions
   * @throws EigensegException if an output is not finite
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public static double of(FeatureBank bank, SegmenterModel model, int threads, Progress progress)
      throws IOException {
    if (model.method() != SegmenterMethod.NEURAL_EIGENFUNCTIONS) {
      throw new BadInputException(
          "a %s model has no eigenfunctions; give one of --method neural-eigenfunctions"
              .formatted(model.method().text()));
    }
    int count = model.info().clusters();
    List<ImageEntry> images = bank.images();
    double[][][] parts = new double[PARTS][][];
    try (ClusterOutputs outputs = new ClusterOutputs(model);
        Progress.Task task = progress.start("overlap", images.size(), "images")) {
      Parallel.forEach(
          threads,
          PARTS,
          part -> {
            double[][] products = new double[count][count];
            int end = (int) ((part + 1) * images.size() / PARTS);
            for (int i = (int) (part * images.size() / PARTS); i < end; i++) {
              progress.checkCancelled();
              try (PatchFeatures features = bank.features(images.get(i));
                  Tensor logits = outputs.logits(features, 1)) {
                VectorMath.best()
                    .softmaxRows(model.logitDivisor(), logits.segment(), 0, logits.size(0), count);
                add(logits, products);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
              task.advance(1);
            }
            parts[(int) part] = products;
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return overlap(parts, count);
  }

  private static double overlap(double[][][] parts, int count) {
    double[][] products = new double[count][count];
    for (double[][] part : parts) {
      for (int a = 0; a < count; a++) {
        for (int b = a; b < count; b++) {
          products[a][b] += part[a][b];
        }
      }
    }
    return overlap(products);
  }

  /** Of the columns whose scalar products these are; columns of zeros overlap nothing. */
  private static double overlap(double[][] products) {
    double overlap = 0;
    for (int a = 0; a < products.length; a++) {
      if (!Double.isFinite(products[a][a])) {
        throw new EigensegException("output %d is not finite over the bank".formatted(a));
      }
      for (int b = a + 1; b < products.length; b++) {
        double squares = products[a][a] * products[b][b];
        overlap += squares > 0 ? products[a][b] * products[a][b] / squares : 0;
      }
    }
    return overlap;
  }

  /** Of the columns of a matrix, float32 {@code [patches, K]}. */
  static double of(Tensor outputs) {
    int count = Math.toIntExact(outputs.size(1));
    double[][] products = new double[count][count];
    add(outputs, products);
    return overlap(products);
  }

  /** Adds the scalar products of all pairs of columns, on the diagonal and above. */
  private static void add(Tensor outputs, double[][] products) {
    int count = products.length;
    float[] row = new float[count];
    for (long i = 0; i < outputs.size(0); i++) {
      MemorySegment.copy(
          outputs.segment(), ValueLayout.JAVA_FLOAT, i * count * Float.BYTES, row, 0, count);
      for (int a = 0; a < count; a++) {
        double value = row[a];
        double[] sums = products[a];
        for (int b = a; b < count; b++) {
          sums[b] += value * row[b];
        }
      }
    }
  }
}
