package dev.eigenseg.train;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kernel.BankKernel;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.infer.SegmenterModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * Owns a bank's kernel, and says without labels how good eigenfunctions are: the published
 * objective, on all patches at once. With Psi the outputs of all patches, each column divided by
 * its norm (as in training, by 1 at least), and R = Psi^T kappa Psi, it is sum_j R_jj - beta t
 * sum_{i<j} R_ij^2. Needs no tensor engine; used by one thread.
 *
 * <p>It compares models of one K, trained on this bank: across K, or across kernels, its numbers
 * say nothing.
 */
public final class ModelCriterion implements AutoCloseable {
  // Fixed, so that sums do not depend on the number of threads; few, as each has a matrix.
  private static final int PARTS = 8;
  private static final int ROWS_AT_ONCE = 512;

  private final FeatureBank bank;
  private final NormalizedAdjacency kernel;
  private final double penaltyWeight;
  private final int threads;

  private ModelCriterion(
      FeatureBank bank, NormalizedAdjacency kernel, double penaltyWeight, int threads) {
    this.bank = bank;
    this.kernel = kernel;
    this.penaltyWeight = penaltyWeight;
    this.threads = threads;
  }

  /**
   * How good a model is; more is better.
   *
   * @param affinity sum_j R_jj: how much patches that are alike have the same outputs
   * @param penalty beta t sum_{i<j} R_ij^2: how much different outputs say the same
   */
  public record Value(double affinity, double penalty) {
    /** What models are ranked by. */
    public double value() {
      return affinity - penalty;
    }
  }

  /**
   * Makes the kernel that the options speak of, over the whole bank also in in-batch mode.
   *
   * @param bank borrowed until this is closed
   * @param graph over the bank's high features; borrowed
   * @param options of the models' training: kernel, objective, memory and threads count
   * @param folder for temporary files, should the kernel be larger than the memory
   */
  public static ModelCriterion open(
      FeatureBank bank, KnnGraph graph, TrainingOptions options, Path folder, Progress progress)
      throws IOException {
    NormalizedAdjacency kernel =
        BankKernel.of(
            bank,
            graph,
            options.kernel().pixelWeight(),
            options.kernel().pixelGraph(),
            TrainingMemory.plan(bank, options).matrix(folder),
            options.run().threads(),
            progress);
    double penaltyWeight = options.effectiveBeta() * options.objective().t();
    return new ModelCriterion(bank, kernel, penaltyWeight, options.run().threads());
  }

  /**
   * Judges a model.
   *
   * @param model with a psi of the bank's backbone; borrowed
   * @param progress counts images
   * @throws dev.eigenseg.api.BadInputException if it has no psi
   */
  public Value of(SegmenterModel model, Progress progress) throws IOException {
    try (Tensor outputs = BankPsi.outputs(bank, model, threads, progress)) {
      return of(outputs);
    }
  }

  /** As {@link #of(SegmenterModel, Progress)}, for outputs {@code [patches, K]}; borrowed. */
  Value of(Tensor outputs) throws IOException {
    int clusters = Math.toIntExact(outputs.size(1));
    double[][] sums = new double[clusters][clusters];
    double[] squares = new double[clusters];
    for (Part part : parts(outputs, clusters)) {
      for (int i = 0; i < clusters; i++) {
        squares[i] += part.squares()[i];
        for (int j = 0; j < clusters; j++) {
          sums[i][j] += part.sums()[i][j];
        }
      }
    }
    double affinity = 0;
    double crossed = 0;
    for (int i = 0; i < clusters; i++) {
      double norm = Math.max(1, Math.sqrt(squares[i]));
      affinity += sums[i][i] / (norm * norm);
      for (int j = i + 1; j < clusters; j++) {
        double r = sums[i][j] / (norm * Math.max(1, Math.sqrt(squares[j])));
        crossed += r * r;
      }
    }
    return new Value(affinity, penaltyWeight * crossed);
  }

  /** Some patches' share of Psi^T kappa Psi and of the columns' squared norms. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Part(double[][] sums, double[] squares) {}

  private Part[] parts(Tensor outputs, int clusters) throws IOException {
    Part[] parts = new Part[PARTS];
    long rows = outputs.size(0);
    try {
      Parallel.forEach(
          threads,
          PARTS,
          index -> {
            Part part = new Part(new double[clusters][clusters], new double[clusters]);
            add(outputs, index * rows / PARTS, (index + 1) * rows / PARTS, part);
            parts[(int) index] = part;
          });
      return parts;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void add(Tensor outputs, long first, long end, Part part) {
    int clusters = part.squares().length;
    float[] left = new float[clusters];
    float[] right = new float[clusters];
    try (Tensor products = Tensor.allocate(DType.F32, ROWS_AT_ONCE, clusters)) {
      for (long row = first; row < end; row += ROWS_AT_ONCE) {
        long count = Math.min(ROWS_AT_ONCE, end - row);
        kernel.multiply(row, count, outputs, products.slice(0, count), 1);
        for (long i = 0; i < count; i++) {
          load(outputs, row + i, left);
          load(products, i, right);
          addProducts(left, right, part);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void load(Tensor matrix, long row, float[] target) {
    for (int i = 0; i < target.length; i++) {
      target[i] = matrix.segment().getAtIndex(ValueLayout.JAVA_FLOAT, row * target.length + i);
    }
  }

  private static void addProducts(float[] left, float[] right, Part part) {
    for (int i = 0; i < left.length; i++) {
      double[] sums = part.sums()[i];
      double value = left[i];
      part.squares()[i] += value * value;
      for (int j = 0; j < right.length; j++) {
        sums[j] += value * right[j];
      }
    }
  }

  @Override
  public void close() {
    kernel.close();
  }
}
