package dev.eigenseg.graph.spectral;

import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.kernel.NormalizedAdjacency;
import java.io.IOException;
import java.util.Arrays;
import org.ejml.data.DMatrixRMaj;

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
    SymmetricEigen gram = SymmetricEigen.of(inner(functions, functions));
    int rank = rank(gram.values());
    DMatrixRMaj projections = projections(gram, rank, inner(functions, exact.vectors()));
    double[] shares = new double[exact.count()];
    for (int i = 0; i < rank; i++) {
      for (int pair = 0; pair < shares.length; pair++) {
        shares[pair] += projections.get(i, pair) * projections.get(i, pair);
      }
    }
    return new Alignment(shares, rank, trace(kernel, exact, functions, gram, rank, threads));
  }

  /**
   * Vectors as far as learned functions can express them: their projections onto the span.
   *
   * @param functions float32 {@code [N, K]}; borrowed
   * @param vectors float32 {@code [N, m]}; borrowed
   * @return float32 {@code [N, m]}, to be closed by the caller
   */
  public static Tensor project(Tensor functions, Tensor vectors) {
    SymmetricEigen gram = SymmetricEigen.of(inner(functions, functions));
    int rank = rank(gram.values());
    DMatrixRMaj projections = projections(gram, rank, inner(functions, vectors));
    DMatrixRMaj coefficients = new DMatrixRMaj(gram.values().length, projections.numCols);
    for (int i = 0; i < rank; i++) {
      double length = Math.sqrt(gram.values()[i]);
      for (int pair = 0; pair < projections.numCols; pair++) {
        for (int k = 0; k < coefficients.numRows; k++) {
          coefficients.add(k, pair, gram.vectors().get(k, i) * projections.get(i, pair) / length);
        }
      }
    }
    return product(functions, coefficients);
  }

  /** Q^T U for the functions' orthonormal basis Q = Psi V S^-1/2, from Psi^T U. */
  private static DMatrixRMaj projections(SymmetricEigen gram, int rank, DMatrixRMaj turned) {
    DMatrixRMaj projections = new DMatrixRMaj(rank, turned.numCols);
    for (int i = 0; i < rank; i++) {
      double length = Math.sqrt(gram.values()[i]);
      for (int pair = 0; pair < turned.numCols; pair++) {
        double sum = 0;
        for (int k = 0; k < turned.numRows; k++) {
          sum += gram.vectors().get(k, i) * turned.get(k, pair);
        }
        projections.set(i, pair, sum / length);
      }
    }
    return projections;
  }

  private static Tensor product(Tensor functions, DMatrixRMaj coefficients) {
    Tensor product = Tensor.allocate(DType.F32, functions.size(0), coefficients.numCols);
    for (long row = 0; row < product.size(0); row++) {
      float[] values = functions.slice(row, 1).toFloats();
      for (int column = 0; column < coefficients.numCols; column++) {
        double sum = 0;
        for (int k = 0; k < values.length; k++) {
          sum += values[k] * coefficients.get(k, column);
        }
        product.set(row * coefficients.numCols + column, (float) sum);
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
      SymmetricEigen gram,
      int rank,
      int threads)
      throws IOException {
    if (rank > exact.count()) {
      return Double.NaN;
    }
    try (Tensor product = Tensor.allocate(DType.F32, functions.shape())) {
      kernel.multiply(0, kernel.rows(), functions, product, threads);
      DMatrixRMaj quadratic = inner(functions, product);
      double trace = 0;
      for (int i = 0; i < rank; i++) {
        double sum = 0;
        for (int k = 0; k < quadratic.numRows; k++) {
          for (int l = 0; l < quadratic.numRows; l++) {
            sum += gram.vectors().get(k, i) * quadratic.get(k, l) * gram.vectors().get(l, i);
          }
        }
        trace += sum / gram.values()[i];
      }
      return trace / Arrays.stream(exact.values()).limit(rank).sum();
    }
  }

  /** A^T B in double. */
  private static DMatrixRMaj inner(Tensor a, Tensor b) {
    int columnsA = Math.toIntExact(a.size(1));
    int columnsB = Math.toIntExact(b.size(1));
    DMatrixRMaj sums = new DMatrixRMaj(columnsA, columnsB);
    for (long row = 0; row < a.size(0); row++) {
      float[] right = b.slice(row, 1).toFloats();
      float[] left = a.slice(row, 1).toFloats();
      for (int i = 0; i < columnsA; i++) {
        double value = left[i];
        for (int j = 0; j < columnsB; j++) {
          sums.data[i * columnsB + j] += value * right[j];
        }
      }
    }
    return sums;
  }
}
