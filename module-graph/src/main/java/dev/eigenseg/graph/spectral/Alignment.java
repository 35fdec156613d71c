package dev.eigenseg.graph.spectral;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import java.io.IOException;
import java.util.Arrays;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;

/**
 * How well learned functions span the exact eigenvectors of a kernel.
 *
 * @param shares for each eigenvector the squared length of its projection onto the span of the
 *     functions, from 0 to 1
 * @param rank independent functions among the learned ones
 * @param trace what the functions hold of the largest trace that so many orthonormal functions can
 *     have: tr(Q^T kappa Q) over the sum of as many leading eigenvalues, Q their orthonormal basis;
 *     NaN if fewer eigenvalues are known
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
public record Alignment(double[] shares, int rank, double trace) {
  // Directions below this fraction of the longest are rounding.
  private static final double LEAST_LENGTH = 1e-4;
  private static final long CHUNK_ROWS = 1024;

  /** Copies the shares. */
  public Alignment {
    shares = shares.clone();
  }

  @Override
  public double[] shares() {
    return shares.clone();
  }

  /** The mean share of the leading eigenvectors. */
  public double mean(int leading) {
    return Arrays.stream(shares).limit(leading).average().orElseThrow();
  }

  /**
   * Compares.
   *
   * @param kernel whose eigenvectors these are; borrowed
   * @param exact borrowed
   * @param functions the learned functions at all patches, float32 {@code [N, K]}; borrowed
   */
  public static Alignment of(
      NormalizedAdjacency kernel, Eigenpairs exact, Tensor functions, int threads)
      throws IOException {
    DMatrixRMaj basis = basis(functions);
    int rank = basis.numCols;
    DMatrixRMaj squares = CommonOps_DDRM.multTransA(basis, inner(functions, exact.vectors()), null);
    CommonOps_DDRM.elementPower(squares, 2, squares);
    double[] shares = CommonOps_DDRM.sumCols(squares, null).data;
    return new Alignment(shares, rank, trace(kernel, exact, functions, basis, threads));
  }

  /**
   * Vectors as far as learned functions can express them: their projections onto the span.
   *
   * @param functions float32 {@code [N, K]}; borrowed
   * @param vectors float32 {@code [N, m]}; borrowed
   * @return float32 {@code [N, m]}, to be closed by the caller
   */
  public static Tensor project(Tensor functions, Tensor vectors) {
    DMatrixRMaj basis = basis(functions);
    DMatrixRMaj projections = CommonOps_DDRM.multTransA(basis, inner(functions, vectors), null);
    return product(functions, CommonOps_DDRM.mult(basis, projections, null));
  }

  /** V S^-1/2 of Psi^T Psi = V S V^T: what the functions are multiplied by to be orthonormal. */
  private static DMatrixRMaj basis(Tensor functions) {
    SymmetricEigen gram = SymmetricEigen.of(inner(functions, functions));
    int rank = rank(gram.values());
    DMatrixRMaj basis = new DMatrixRMaj(gram.values().length, rank);
    CommonOps_DDRM.extract(gram.vectors(), 0, basis.numRows, 0, rank, basis, 0, 0);
    double[] lengths = Arrays.stream(gram.values()).limit(rank).map(Math::sqrt).toArray();
    CommonOps_DDRM.divideCols(basis, lengths);
    return basis;
  }

  private static Tensor product(Tensor functions, DMatrixRMaj coefficients) {
    Tensor product = Tensor.allocate(DType.F32, functions.size(0), coefficients.numCols);
    for (long first = 0; first < product.size(0); first += CHUNK_ROWS) {
      DMatrixRMaj rows = CommonOps_DDRM.mult(rows(functions, first), coefficients, null);
      for (int i = 0; i < rows.data.length; i++) {
        product.set(first * rows.numCols + i, (float) rows.data[i]);
      }
    }
    return product;
  }

  private static int rank(double[] squares) {
    double least = squares[0] * LEAST_LENGTH * LEAST_LENGTH;
    return (int) Arrays.stream(squares).filter(s -> s > least).count();
  }

  private static double trace(
      NormalizedAdjacency kernel,
      Eigenpairs exact,
      Tensor functions,
      DMatrixRMaj basis,
      int threads)
      throws IOException {
    int rank = basis.numCols;
    if (rank > exact.count()) {
      return Double.NaN;
    }
    try (Tensor product = Tensor.allocate(DType.F32, functions.shape())) {
      kernel.multiply(0, kernel.rows(), functions, product, threads);
      DMatrixRMaj turned = CommonOps_DDRM.mult(inner(functions, product), basis, null);
      double trace = CommonOps_DDRM.trace(CommonOps_DDRM.multTransA(basis, turned, null));
      return trace / Arrays.stream(exact.values()).limit(rank).sum();
    }
  }

  /** A^T B in double. */
  private static DMatrixRMaj inner(Tensor a, Tensor b) {
    DMatrixRMaj sums = new DMatrixRMaj(Math.toIntExact(a.size(1)), Math.toIntExact(b.size(1)));
    for (long first = 0; first < a.size(0); first += CHUNK_ROWS) {
      CommonOps_DDRM.multAddTransA(rows(a, first), rows(b, first), sums);
    }
    return sums;
  }

  /** A chunk of a tensor's rows, from one on. */
  private static DMatrixRMaj rows(Tensor tensor, long first) {
    long count = Math.min(CHUNK_ROWS, tensor.size(0) - first);
    float[] values = tensor.slice(first, count).toFloats();
    DMatrixRMaj rows = new DMatrixRMaj(Math.toIntExact(count), Math.toIntExact(tensor.size(1)));
    for (int i = 0; i < values.length; i++) {
      rows.data[i] = values[i];
    }
    return rows;
  }
}
