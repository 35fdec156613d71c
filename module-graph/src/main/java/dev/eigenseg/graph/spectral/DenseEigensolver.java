package dev.eigenseg.graph.spectral;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import java.io.IOException;
import org.ejml.data.DMatrixRMaj;

/** Decomposes a small kernel as a whole. */
final class DenseEigensolver {
  private DenseEigensolver() {}

  static Eigenpairs leading(NormalizedAdjacency kernel, EigenOptions options) throws IOException {
    int rows = Math.toIntExact(kernel.rows());
    SymmetricEigen eigen = SymmetricEigen.of(dense(kernel, rows, options.threads()));
    int count = options.count();
    Tensor vectors = Tensor.allocate(DType.F32, rows, count);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < count; column++) {
        vectors.set((long) row * count + column, (float) eigen.vectors().get(row, column));
      }
    }
    double[] values = new double[count];
    System.arraycopy(eigen.values(), 0, values, 0, count);
    return new Eigenpairs(values, new double[count], vectors);
  }

  private static DMatrixRMaj dense(NormalizedAdjacency kernel, int rows, int threads)
      throws IOException {
    DMatrixRMaj matrix = new DMatrixRMaj(rows, rows);
    try (Tensor identity = Tensor.allocate(DType.F32, rows, rows);
        Tensor product = Tensor.allocate(DType.F32, rows, rows)) {
      for (int row = 0; row < rows; row++) {
        identity.set((long) row * rows + row, 1);
      }
      kernel.multiply(0, rows, identity, product, threads);
      for (int i = 0; i < rows * rows; i++) {
        matrix.data[i] = product.get(i);
      }
    }
    return matrix;
  }
}
