package dev.eigenseg.graph.kernel;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureBank;
import dev.eigenseg.api.bank.Level;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;

/** The kernel over all patches of a bank: feature graph + weight * pixel graph. */
public final class BankKernel {
  private BankKernel() {}

  /**
   * Sums both normalised adjacencies.
   *
   * @param bank whose colours the pixel graph joins; borrowed
   * @param graph over the bank's high features; borrowed
   * @param pixelWeight alpha; 0 leaves the pixel graph out
   * @param space what the matrix may take
   * @param progress counts 1 when the kernel is ready, and images of the pixel graph
   * @return to be closed by the caller
   */
  public static NormalizedAdjacency of(
      FeatureBank bank,
      KnnGraph graph,
      double pixelWeight,
      PixelGraphOptions pixelGraph,
      Workspace space,
      int threads,
      Progress progress)
      throws IOException {
    try (Progress.Task task = progress.start("kernel", 1, "kernels")) {
      NormalizedAdjacency features = NormalizedAdjacency.ofNeighbors(graph, space, threads);
      if (pixelWeight == 0) {
        task.advance(1);
        return features;
      }
      try (features;
          NormalizedAdjacency pixels =
              PixelGraph.adjacency(
                  bank.images(), bank.level(Level.PIXELS), pixelGraph, space, threads, progress)) {
        NormalizedAdjacency sum = NormalizedAdjacency.sum(features, (float) pixelWeight, pixels);
        task.advance(1);
        return sum;
      }
    }
  }
}
