package dev.eigenseg.graph;

import dev.eigenseg.api.tensor.Tensor;

/**
 * Owns a symmetric, degree-normalised adjacency D^-1/2 A D^-1/2 in compressed rows outside the
 * heap.
 */
public final class NormalizedAdjacency implements AutoCloseable {
  private NormalizedAdjacency() {}

  /** The feature graph's adjacency: S_uv = max(0, cos), A = (S + S^T) / 2. */
  public static NormalizedAdjacency ofNeighbors(KnnGraph graph, int threads) {
    throw new UnsupportedOperationException("adjacency of " + graph.rows() + " rows");
  }

  /** The weighted sum a + alpha b. */
  public static NormalizedAdjacency sum(NormalizedAdjacency a, float alpha, NormalizedAdjacency b) {
    throw new UnsupportedOperationException("sum of " + a.rows() + " and " + b.rows() + " rows");
  }

  /** The number of rows. */
  public long rows() {
    return 0;
  }

  /** The number of stored entries. */
  public long entries() {
    return 0;
  }

  /**
   * Multiplies rows of this matrix with a dense matrix.
   *
   * @param dense float32 {@code [rows, K]}
   * @param out receives rows {@code firstRow} to {@code firstRow + count} of the product, float32
   *     {@code [count, K]}
   */
  public void multiply(long firstRow, long count, Tensor dense, Tensor out, int threads) {
    throw new UnsupportedOperationException("product with " + dense);
  }

  @Override
  public void close() {}
}
