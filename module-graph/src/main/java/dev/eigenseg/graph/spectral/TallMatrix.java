package dev.eigenseg.graph.spectral;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Owns {@value #WIDTH} vectors of N numbers, float32 {@code [N, 16]}: a block of a basis. Small
 * matrices beside it are {@code [16, 16]}, row-major. Sums over the rows are made in float32 within
 * {@value #CHUNK} rows and in float64 beyond, in the order of the rows: threads do not change them.
 */
final class TallMatrix implements AutoCloseable {
  /** A cache line of floats, and whole vectors of any length. */
  static final int WIDTH = 16;

  /** Rows that are summed in float32. */
  static final int CHUNK = 1024;

  private static final int MOST_TASKS = 1024;
  private static final TallKernel KERNEL = TallKernel.best();

  private final Tensor values;

  TallMatrix(long rows) {
    this.values = Tensor.allocate(DType.F32, rows, WIDTH);
  }

  long rows() {
    return values.size(0);
  }

  /** The numbers; borrowed. */
  Tensor values() {
    return values;
  }

  /** Fills columns with independent normal numbers. */
  void randomize(SplittableRandom random, boolean[] columns) {
    for (long row = 0; row < rows(); row++) {
      for (int column = 0; column < WIDTH; column++) {
        double value = random.nextGaussian();
        if (columns[column]) {
          values.set(row * WIDTH + column, (float) value);
        }
      }
    }
  }

  /** This matrix, transposed, times another. */
  double[] inner(TallMatrix other, int threads) {
    long taskRows = taskRows();
    int tasks = Math.toIntExact(Math.ceilDiv(rows(), taskRows));
    double[][] sums = new double[tasks][];
    Parallel.forEach(
        threads,
        tasks,
        task -> {
          double[] sum = new double[WIDTH * WIDTH];
          float[] part = new float[WIDTH * WIDTH];
          long end = Math.min(rows(), (task + 1) * taskRows);
          for (long first = task * taskRows; first < end; first += CHUNK) {
            Arrays.fill(part, 0);
            KERNEL.inner(
                values.segment(),
                other.values.segment(),
                first,
                Math.min(end, first + CHUNK),
                part);
            for (int i = 0; i < sum.length; i++) {
              sum[i] += part[i];
            }
          }
          sums[(int) task] = sum;
        });
    double[] total = new double[WIDTH * WIDTH];
    for (double[] sum : sums) {
      for (int i = 0; i < total.length; i++) {
        total[i] += sum[i];
      }
    }
    return total;
  }

  /** Adds {@code factor * other * coefficients} to this matrix. */
  void add(double factor, TallMatrix other, double[] coefficients, int threads) {
    float[] scaled = floats(factor, coefficients);
    forEachTask(
        threads,
        (first, end) -> KERNEL.add(values.segment(), other.values.segment(), scaled, first, end));
  }

  /** Replaces this matrix by itself times coefficients. */
  void multiply(double[] coefficients, int threads) {
    float[] floats = floats(1, coefficients);
    forEachTask(
        threads,
        (first, end) -> {
          float[] row = new float[WIDTH];
          for (long r = first; r < end; r++) {
            long place = r * WIDTH * Float.BYTES;
            Arrays.fill(row, 0);
            for (int i = 0; i < WIDTH; i++) {
              float value =
                  values.segment().get(ValueLayout.JAVA_FLOAT, place + (long) i * Float.BYTES);
              for (int c = 0; c < WIDTH; c++) {
                row[c] = Math.fma(value, floats[i * WIDTH + c], row[c]);
              }
            }
            for (int c = 0; c < WIDTH; c++) {
              values.segment().set(ValueLayout.JAVA_FLOAT, place + (long) c * Float.BYTES, row[c]);
            }
          }
        });
  }

  /** Replaces this matrix by {@code own * this + x * first + y * second}. */
  void combine(double own, double x, TallMatrix first, double y, TallMatrix second, int threads) {
    VectorMath math = VectorMath.best();
    forEachTask(
        threads,
        (begin, end) -> {
          long offset = begin * WIDTH * Float.BYTES;
          long count = (end - begin) * WIDTH;
          math.scale((float) own, values.segment(), offset, count);
          addTo(math, x, first, offset, count);
          addTo(math, y, second, offset, count);
        });
  }

  private void addTo(VectorMath math, double factor, TallMatrix other, long offset, long count) {
    if (factor != 0) {
      math.axpy((float) factor, other.values.segment(), offset, values.segment(), offset, count);
    }
  }

  /** Takes over columns of a matrix from one of them on; zeros where it has no more. */
  void take(Tensor source, int firstColumn) {
    long columns = source.size(1);
    for (long row = 0; row < rows(); row++) {
      for (int column = 0; column < WIDTH; column++) {
        boolean there = firstColumn + column < columns;
        values.set(
            row * WIDTH + column, there ? source.get(row * columns + firstColumn + column) : 0);
      }
    }
  }

  private static float[] floats(double factor, double[] coefficients) {
    float[] floats = new float[coefficients.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) (factor * coefficients[i]);
    }
    return floats;
  }

  private interface RowRange {
    void run(long first, long end);
  }

  private void forEachTask(int threads, RowRange work) {
    long taskRows = taskRows();
    Parallel.forEach(
        threads,
        Math.ceilDiv(rows(), taskRows),
        task -> work.run(task * taskRows, Math.min(rows(), (task + 1) * taskRows)));
  }

  /** Whole chunks, and not too many sums for many rows. */
  private long taskRows() {
    return Math.ceilDiv(Math.ceilDiv(rows(), MOST_TASKS), CHUNK) * CHUNK;
  }

  @Override
  public void close() {
    values.close();
  }
}
