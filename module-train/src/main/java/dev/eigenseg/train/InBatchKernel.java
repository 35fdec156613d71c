package dev.eigenseg.train;

import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.train.neuralef.BatchGraph;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The published procedure: a graph over the patches of each mini-batch, M = kappa P. */
final class InBatchKernel implements StepKernel {
  private final KnnEngine engine;
  private final TrainingOptions options;

  InBatchKernel(KnnEngine engine, TrainingOptions options) {
    this.engine = engine;
    this.options = options;
  }

  @Override
  public void multiply(Batch batch, Tensor outputs, Tensor products) throws IOException {
    try (NormalizedAdjacency kernel = kernel(batch)) {
      kernel.multiply(0, batch.rows(), outputs, products, options.run().threads());
    }
  }

  private NormalizedAdjacency kernel(Batch batch) throws IOException {
    return BatchGraph.kernel(
        batch.high(),
        options.kernel().pixelWeight() > 0 ? batch.gridColors() : List.of(),
        engine,
        options.kernel().neighborsFor(batch.rows()),
        (float) options.kernel().pixelWeight(),
        options.kernel().pixelGraph(),
        options.run().threads());
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
