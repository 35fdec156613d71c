package dev.eigenseg.graph.spectral;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;

/** Patches as points in the space of the leading eigenvectors, for k-means on them. */
public final class SpectralEmbedding {
  private SpectralEmbedding() {}

  /**
   * Every patch's entries in the eigenvectors, each times its eigenvalue, divided by their length
   * (Ng, Jordan and Weiss 2001, with the weights of a diffusion map); a patch without neighbours
   * stays at 0.
   *
   * @param pairs borrowed
   * @return float32 {@code [N, m]}, to be closed by the caller
   */
  public static Tensor rows(Eigenpairs pairs) {
    int count = pairs.count();
    double[] values = pairs.values();
    Tensor vectors = pairs.vectors();
    Tensor rows = Tensor.allocate(DType.F32, vectors.size(0), count);
    double[] row = new double[count];
    for (long r = 0; r < rows.size(0); r++) {
      double squares = 0;
      for (int c = 0; c < count; c++) {
        row[c] = vectors.get(r * count + c) * Math.max(0, values[c]);
        squares += row[c] * row[c];
      }
      double scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
      for (int c = 0; c < count; c++) {
        rows.set(r * count + c, (float) (row[c] * scale));
      }
    }
    return rows;
  }
}
