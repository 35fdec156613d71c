package dev.eigenseg.train;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.FeatureRows;
import dev.eigenseg.api.bank.ImageEntry;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.GridColors;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.NormalizedAdjacency;
import dev.eigenseg.graph.PixelGraph;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The published procedure: a graph over the patches of each mini-batch, M = kappa P. */
final class InBatchKernel implements StepKernel {
  // The search's working memory for some thousand rows; far more than it takes.
  private static final long SEARCH_MEMORY = 256L << 20;

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
      return kernel(batch.high(), images, engine, options);
    } finally {
      images.forEach(image -> image.colors().close());
    }
  }

  /**
   * The kernel over rows of high features; without images there is no pixel graph. The caller owns
   * it.
   */
  static NormalizedAdjacency kernel(
      Tensor high, List<GridColors> images, KnnEngine engine, TrainingOptions options)
      throws IOException {
    KnnEngine.Request request =
        new KnnEngine.Request(
            FeatureRows.of(high),
            options.neighborsFor(high.size(0)),
            SEARCH_MEMORY,
            options.threads());
    try (KnnGraph graph = KnnGraph.build(engine, request, Progress.NONE)) {
      if (images.isEmpty()) {
        return NormalizedAdjacency.ofNeighbors(graph, options.threads());
      }
      try (NormalizedAdjacency features =
              NormalizedAdjacency.ofNeighbors(graph, options.threads());
          NormalizedAdjacency pixels =
              PixelGraph.adjacency(images, options.pixelGraph(), options.threads())) {
        return NormalizedAdjacency.sum(features, (float) options.pixelWeight(), pixels);
      }
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
