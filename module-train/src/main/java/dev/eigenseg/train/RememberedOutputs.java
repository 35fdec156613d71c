package dev.eigenseg.train;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns what psi last said of every patch of a bank, softmax without noise, and the L2 norm of each
 * of its columns.
 */
final class RememberedOutputs implements AutoCloseable {
  // Fixed, so that sums do not depend on the number of threads.
  private static final long CHUNK_ROWS = 4096;

  private final Tensor outputs;
  private final Tensor norms;
  private final int clusters;

  RememberedOutputs(long rows, int clusters) {
    this.clusters = clusters;
    outputs = Tensor.allocate(DType.F32, rows, clusters);
    norms = Tensor.allocate(DType.F32, clusters);
  }

  /** The outputs, float32 {@code [rows, K]}; borrowed. */
  Tensor outputs() {
    return outputs;
  }

  /** The columns' norms at the last refresh, float32 {@code [K]}; borrowed. */
  Tensor norms() {
    return norms;
  }

  /** Overwrites the rows of one image. */
  void write(long firstRow, long count, MemorySegment source, long sourceRow) {
    long rowBytes = (long) clusters * Float.BYTES;
    MemorySegment.copy(
        source, sourceRow * rowBytes, outputs.segment(), firstRow * rowBytes, count * rowBytes);
  }

  /** Computes the columns' norms anew. */
  void refreshNorms(int threads) {
    long rows = outputs.size(0);
    int chunks = Math.toIntExact(Math.ceilDiv(rows, CHUNK_ROWS));
    double[][] squares = new double[chunks][];
    Parallel.forEach(
        threads,
        chunks,
        chunk -> {
          long first = chunk * CHUNK_ROWS;
          squares[(int) chunk] = squares(first, Math.min(CHUNK_ROWS, rows - first));
        });
    for (int column = 0; column < clusters; column++) {
      double sum = 0;
      for (double[] chunk : squares) {
        sum += chunk[column];
      }
      norms.set(column, (float) Math.sqrt(sum));
    }
  }

  private double[] squares(long firstRow, long count) {
    double[] sums = new double[clusters];
    MemorySegment memory = outputs.segment();
    for (long row = firstRow; row < firstRow + count; row++) {
      long offset = row * clusters;
      for (int column = 0; column < clusters; column++) {
        double value = memory.getAtIndex(ValueLayout.JAVA_FLOAT, offset + column);
        sums[column] += value * value;
      }
    }
    return sums;
  }

  @Override
  public void close() {
    try (outputs;
        norms) {
      // Both are closed, even if one fails.
    }
  }
}
