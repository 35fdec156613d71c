package dev.eigenseg.train.neuralef;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.KnnGraph;
import dev.eigenseg.graph.kernel.GridColors;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import dev.eigenseg.graph.kernel.PixelGraph;
import dev.eigenseg.graph.kernel.PixelGraphOptions;
import dev.eigenseg.graph.kernel.Workspace;
import java.io.IOException;
import java.util.List;

/** The kernel inside one mini-batch of images. */
public final class BatchGraph {
  // For the search over some thousand rows; far more than it takes.
  private static final long SEARCH_MEMORY = 256L << 20;

  private BatchGraph() {}

  /**
   * Feature graph + pixelWeight * pixel graph over the patches of the batch, each with the degrees
   * of the batch.
   *
   * @param high float32 {@code [rows, channels]}
   * @param images the colours of the same rows; empty for no pixel graph
   * @param neighbors of a patch in the feature graph
   * @return a matrix that the caller owns
   */
  public static NormalizedAdjacency kernel(
      Tensor high,
      List<GridColors> images,
      KnnEngine engine,
      int neighbors,
      float pixelWeight,
      PixelGraphOptions pixelGraph,
      int threads)
      throws IOException {
    KnnEngine.Request request =
        new KnnEngine.Request(FeatureRows.of(high), neighbors, SEARCH_MEMORY, threads);
    try (KnnGraph graph = KnnGraph.build(engine, request, Progress.NONE)) {
      if (images.isEmpty()) {
        return NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, threads);
      }
      try (NormalizedAdjacency features =
              NormalizedAdjacency.ofNeighbors(graph, Workspace.UNBOUNDED, threads);
          NormalizedAdjacency pixels = PixelGraph.adjacency(images, pixelGraph, threads)) {
        return NormalizedAdjacency.sum(features, pixelWeight, pixels);
      }
    }
  }
}
