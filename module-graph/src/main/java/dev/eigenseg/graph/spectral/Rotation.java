package dev.eigenseg.graph.spectral;

import static dev.eigenseg.graph.spectral.TallMatrix.WIDTH;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.ejml.data.DMatrixRMaj;

/**
 * Owns the coefficients by which a basis is turned into other vectors, a piece of rows at a time.
 */
final class Rotation implements AutoCloseable {
  // Packing the coefficients anew for each piece stays a small part of the work.
  private static final int PIECE_ROWS = 2048;

  private final TallMatrix[] basis;
  private final int depth;
  private final Tensor coefficients;

  /**
   * Borrows a basis whose last block does not take part.
   *
   * @param vectors a column of coefficients for each new vector
   * @param count how many of the columns
   */
  Rotation(TallMatrix[] basis, DMatrixRMaj vectors, int count) {
    this.basis = basis;
    this.depth = vectors.numRows;
    this.coefficients = Tensor.allocate(DType.F32, count, depth);
    for (int column = 0; column < count; column++) {
      for (int row = 0; row < depth; row++) {
        coefficients.set((long) column * depth + row, (float) vectors.get(row, column));
      }
    }
  }

  /** Takes some new rows, which may then replace those of the basis. */
  interface Sink {
    void accept(long firstRow, Tensor rows);
  }

  void forEachPiece(int threads, Sink sink) {
    long rows = basis[0].rows();
    Parallel.forEach(
        threads,
        Math.ceilDiv(rows, PIECE_ROWS),
        task -> {
          long first = task * PIECE_ROWS;
          long count = Math.min(PIECE_ROWS, rows - first);
          try (Tensor old = Tensor.allocate(DType.F32, count, depth);
              Tensor turned = Tensor.allocate(DType.F32, count, coefficients.size(0))) {
            gather(first, old);
            Gemm.multiply(old, coefficients, turned, 1);
            sink.accept(first, turned);
          }
        });
  }

  private void gather(long first, Tensor rows) {
    long bytes = (long) WIDTH * Float.BYTES;
    for (long row = 0; row < rows.size(0); row++) {
      for (int block = 0; block < depth / WIDTH; block++) {
        MemorySegment.copy(
            basis[block].values().segment(),
            (first + row) * bytes,
            rows.segment(),
            (row * depth + (long) block * WIDTH) * Float.BYTES,
            bytes);
      }
    }
  }

  @Override
  public void close() {
    coefficients.close();
  }
}
