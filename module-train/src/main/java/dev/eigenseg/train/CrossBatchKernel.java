package dev.eigenseg.train;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kernel.BankKernel;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/**
 * One kernel over the whole bank of N patches, with global degrees. For the B patches S of a batch,
 * column j of M is sqrt(N / B) kappa[S, :] Psi_j / max(norm_j, 1e-6), where Psi are the remembered
 * outputs of all patches.
 */
final class CrossBatchKernel implements StepKernel {
  private static final int REFRESH_UPDATES = 10;
  private static final float SMALLEST_NORM = 1e-6f;

  private final NormalizedAdjacency kernel;
  private final RememberedOutputs remembered;
  private final int threads;

  /** Owns both from here on. */
  CrossBatchKernel(NormalizedAdjacency kernel, RememberedOutputs remembered, int threads) {
    this.kernel = kernel;
    this.remembered = remembered;
    this.threads = threads;
  }

  /**
   * Makes the kernel over a bank; what is remembered is zero at first.
   *
   * @param graph over the bank's high features; borrowed
   */
  static CrossBatchKernel open(TrainingPlan plan, KnnGraph graph, Progress progress)
      throws IOException {
    FeatureBank bank = plan.bank();
    TrainingOptions options = plan.options();
    Path folder = plan.model().toAbsolutePath().getParent();
    NormalizedAdjacency adjacency =
        BankKernel.of(
            bank,
            graph,
            options.kernel().pixelWeight(),
            options.kernel().pixelGraph(),
            TrainingMemory.plan(bank, options).matrix(folder),
            options.run().threads(),
            progress);
    try {
      DType dtype = options.kernel().outputsDtype();
      return new CrossBatchKernel(
          adjacency,
          new RememberedOutputs(bank.rows(), options.clusters(), dtype),
          options.run().threads());
    } catch (RuntimeException | Error e) {
      adjacency.close();
      throw e;
    }
  }

  /** Remembers what psi says of all images as it is now. */
  void fill(TrainingPlan plan, PsiLearner learner, BatchSource batches, Progress progress)
      throws IOException {
    List<ImageEntry> images = plan.images();
    int batchSize = plan.options().schedule().batchSize();
    try (Progress.Task task = progress.start("first outputs", images.size(), "images")) {
      for (int first = 0; first < images.size(); first += batchSize) {
        progress.checkCancelled();
        List<ImageEntry> chosen = images.subList(first, Math.min(images.size(), first + batchSize));
        try (Batch batch = batches.batch(chosen, 0)) {
          learner.outputs(batch, outputs -> write(batch, outputs));
        }
        task.advance(chosen.size());
      }
    }
    remembered.refreshNorms(threads);
  }

  /** What is remembered of the bank; borrowed. */
  RememberedOutputs remembered() {
    return remembered;
  }

  @Override
  public void multiply(Batch batch, Tensor outputs, Tensor products) throws IOException {
    long row = 0;
    for (Batch.Part part : batch.parts()) {
      ImageEntry image = part.image();
      Tensor target = products.slice(row, image.patches());
      kernel.multiply(image.firstRow(), image.patches(), remembered.outputs(), target, threads);
      row += image.patches();
    }
    scaleColumns(products, Math.sqrt((double) kernel.rows() / batch.rows()));
  }

  private void scaleColumns(Tensor products, double factor) {
    float[] scales = remembered.norms().toFloats();
    for (int column = 0; column < scales.length; column++) {
      scales[column] = (float) (factor / Math.max(scales[column], SMALLEST_NORM));
    }
    MemorySegment memory = products.segment();
    long index = 0;
    for (long row = 0; row < products.size(0); row++) {
      for (float scale : scales) {
        float value = memory.getAtIndex(ValueLayout.JAVA_FLOAT, index);
        memory.setAtIndex(ValueLayout.JAVA_FLOAT, index, value * scale);
        index++;
      }
    }
  }

  @Override
  public void remember(Batch batch, MemorySegment outputs, long update) {
    write(batch, outputs);
    if (update % REFRESH_UPDATES == 0) {
      remembered.refreshNorms(threads);
    }
  }

  private void write(Batch batch, MemorySegment outputs) {
    long row = 0;
    for (Batch.Part part : batch.parts()) {
      ImageEntry image = part.image();
      remembered.write(image.firstRow(), image.patches(), outputs, row);
      row += image.patches();
    }
  }

  @Override
  public void close() {
    try (kernel;
        remembered) {
      // Both are closed, even if one fails.
    }
  }
}
