package dev.eigenseg.train;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns what psi last said of every patch of a bank, softmax without noise, and the L2 norm of each
 * of its columns. It is the one thing in training that grows with patches times clusters; in
 * float16 a value is off by at most 2^-12 of itself (2^-25 below 2^-14), and so are products with a
 * kernel, whose entries and these values are not negative.
 */
final class RememberedOutputs implements AutoCloseable {
  // Fixed, so that sums do not depend on the number of threads.
  private static final long CHUNK_ROWS = 4096;

  private final Tensor outputs;
  private final Tensor norms;
  private final int clusters;

  /**
   * All zero.
   *
   * @param dtype how outputs are kept, float32 or float16
   */
  RememberedOutputs(long rows, int clusters, DType dtype) {
    this.clusters = clusters;
    outputs = Tensor.allocate(dtype, rows, clusters);
    try {
      norms = Tensor.allocate(DType.F32, clusters);
    } catch (RuntimeException | Error e) {
      outputs.close();
      throw e;
    }
  }

  /** The outputs, {@code [rows, K]}; borrowed. */
  Tensor outputs() {
    return outputs;
  }

  /** The columns' norms at the last refresh, float32 {@code [K]}; borrowed. */
  Tensor norms() {
    return norms;
  }

  /**
   * Overwrites the rows of one image.
   *
   * @param source float32 {@code [.., K]}, read from {@code sourceRow} on
   */
  void write(long firstRow, long count, MemorySegment source, long sourceRow) {
    long first = firstRow * clusters;
    long values = count * clusters;
    long sourceByte = sourceRow * clusters * Float.BYTES;
    MemorySegment target = outputs.segment();
    if (half()) {
      VectorMath.best().f32ToF16(source, sourceByte, target, first * Short.BYTES, values);
    } else {
      MemorySegment.copy(source, sourceByte, target, first * Float.BYTES, values * Float.BYTES);
    }
  }

  private boolean half() {
    return outputs.dtype() == DType.F16;
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
    boolean half = half();
    for (long row = firstRow; row < firstRow + count; row++) {
      for (int column = 0; column < clusters; column++) {
        long index = row * clusters + column;
        double value =
            half
                ? Float.float16ToFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT, index))
                : memory.getAtIndex(ValueLayout.JAVA_FLOAT, index);
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
