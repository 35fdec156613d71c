package dev.eigenseg.train;

import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.GridColors;
import dev.eigenseg.graph.NormalizedAdjacency;
import dev.eigenseg.train.neuralef.BatchGraph;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The published procedure: a graph over the patches of each mini-batch, M = kappa P. */
final class InBatchKernel implements StepKernel {
  private final FeatureBank bank;
  private final KnnEngine engine;
  private final TrainingOptions options;

  /** Borrows the bank. */
  InBatchKernel(FeatureBank bank, KnnEngine engine, TrainingOptions options) {
    this.bank = bank;
    this.engine = engine;
    this.options = options;
  }

  @Override
  public void multiply(Batch batch, Tensor outputs, Tensor products) throws IOException {
    try (NormalizedAdjacency kernel = kernel(batch)) {
      kernel.multiply(0, batch.rows(), outputs, products, options.threads());
    }
  }

  private NormalizedAdjacency kernel(Batch batch) throws IOException {
    List<GridColors> images = new ArrayList<>();
    try {
      if (options.pixelWeight() > 0) {
        for (ImageEntry image : batch.images()) {
          images.add(
              new GridColors(image.gridRows(), image.gridColumns(), bank.patchColors(image)));
        }
      }
      return BatchGraph.kernel(
          batch.high(),
          images,
          engine,
          options.neighborsFor(batch.rows()),
          (float) options.pixelWeight(),
          options.pixelGraph(),
          options.threads());
    } finally {
      images.forEach(image -> image.colors().close());
    }
  }

  @Override
  public void remember(Batch batch, MemorySegment outputs, long update) {
    // Every graph lives for its batch alone.
  }

  @Override
  public void close() {
    // Nothing outlives a step.
  }
}
