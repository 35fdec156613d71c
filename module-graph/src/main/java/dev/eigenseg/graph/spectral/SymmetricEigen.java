package dev.eigenseg.graph.spectral;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * All eigenpairs of a small symmetric matrix, by EJML.
 *
 * @param values falling
 * @param vectors a column of length 1 for each value
 */
@SuppressWarnings("ArrayRecordComponent") // never leaves this package
record SymmetricEigen(double[] values, DMatrixRMaj vectors) {
  /** Decomposes (A + A^T) / 2, so that rounding in A does no harm. */
  static SymmetricEigen of(DMatrixRMaj matrix) {
    int size = matrix.numRows;
    DMatrixRMaj symmetric = matrix.copy();
    CommonOps_DDRM.transpose(symmetric);
    CommonOps_DDRM.addEquals(symmetric, matrix);
    CommonOps_DDRM.scale(0.5, symmetric);
    EigenDecomposition_F64<DMatrixRMaj> solver = DecompositionFactory_DDRM.eig(size, true, true);
    if (!solver.decompose(symmetric)) {
      throw new ArithmeticException(
          "the eigenvalues of a %d x %d matrix were not found: does it hold values that are not finite?"
              .formatted(size, size));
    }
    int[] order =
        IntStream.range(0, size)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -solver.getEigenvalue(i).getReal()))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] values = new double[size];
    DMatrixRMaj vectors = new DMatrixRMaj(size, size);
    for (int column = 0; column < size; column++) {
      values[column] = solver.getEigenvalue(order[column]).getReal();
      DMatrixRMaj vector = solver.getEigenVector(order[column]);
      for (int row = 0; row < size; row++) {
        vectors.set(row, column, vector.get(row));
      }
    }
    return new SymmetricEigen(values, vectors);
  }
}
