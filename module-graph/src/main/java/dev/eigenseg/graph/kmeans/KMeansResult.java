package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.tensor.Tensor;

/**
 * Owns the centroids that {@link KMeans} found.
 *
 * @param centroids float32 {@code [K, d]}
 * @param inertia the sum of squared distances of all rows to their nearest centroids
 * @param iterations passes, or mini-batch steps, of the winning start
 */
public record KMeansResult(Tensor centroids, double inertia, int iterations)
    implements AutoCloseable {
  @Override
  public void close() {
    centroids.close();
  }
}
