package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.tensor.FeatureRows;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * K-means clustering of feature rows: greedy k-means++ seeds from a sample, then Lloyd's algorithm
 * over all rows, or mini-batches for large banks. Clusters that lose all rows start again at the
 * rows farthest from their centroids. Equal seeds give equal bytes at any thread count and memory.
 */
public final class KMeans {
  private KMeans() {}

  /**
   * Clusters rows.
   *
   * @param rows the rows; read in chunks
   * @param progress counts passes or mini-batch steps, at most {@code inits * maxIterations}
   * @return the start with the least inertia; to be closed by the caller
   * @throws BadInputException if there are fewer rows than clusters, or a row holds a value that is
   *     not finite
   * @throws dev.eigenseg.api.CancelledException if the user wants the work to stop
   */
  public static KMeansResult fit(FeatureRows rows, KMeansOptions options, Progress progress)
      throws IOException {
    if (rows.rows() < options.clusters()) {
      throw new BadInputException(
          "%d clusters need at least as many rows; there are %d: choose fewer clusters or add images"
              .formatted(options.clusters(), rows.rows()));
    }
    boolean batches = options.batchRows(rows.rows()) > 0;
    try (ClusterRows source =
            ClusterRows.of(
                rows,
                options.normalizeRows(),
                batches ? 0 : options.memory(),
                options.threads(),
                progress);
        KMeansSearch search = new KMeansSearch(source, options, batches, progress);
        Progress.Task task =
            progress.start(
                "k-means",
                Math.multiplyExact((long) options.inits(), options.maxIterations()),
                "passes")) {
      return search.best(task);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
