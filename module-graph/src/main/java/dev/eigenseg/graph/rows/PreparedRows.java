package dev.eigenseg.graph.rows;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.FeatureRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Owns the inverse norms of a matrix's rows, which are checked to be finite, and reads rows divided
 * by their norms (zero rows stay zero) or as they are. Thread-safe.
 */
public final class PreparedRows implements AutoCloseable {
  private static final long CHUNK = 512;

  private final FeatureRows features;
  private final boolean normalize;
  private final Arena arena;
  private final MemorySegment inverseNorms;

  @SuppressWarnings("MustBeClosedChecker")
  private PreparedRows(FeatureRows features, boolean normalize) {
    this.features = features;
    this.normalize = normalize;
    this.arena = Arena.ofShared();
    try {
      this.inverseNorms = arena.allocate(ValueLayout.JAVA_FLOAT, features.rows());
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Measures all rows.
   *
   * @param normalize whether rows are divided by their norms when they are read
   * @throws BadInputException if a row holds a value that is not finite; the message names the
   *     first
   */
  public static PreparedRows measure(
      FeatureRows features, boolean normalize, int threads, Progress progress) {
    PreparedRows rows = new PreparedRows(features, normalize);
    try {
      AtomicLong bad = new AtomicLong(Long.MAX_VALUE);
      Parallel.forEach(
          threads,
          (features.rows() + CHUNK - 1) / CHUNK,
          chunk -> {
            progress.checkCancelled();
            rows.measure(chunk * CHUNK, Math.min(CHUNK, features.rows() - chunk * CHUNK), bad);
          });
      if (bad.get() != Long.MAX_VALUE) {
        throw new BadInputException(
            "row %d holds a value that is not finite (NaN or infinite); extract the bank again"
                .formatted(bad.get()));
      }
      return rows;
    } catch (RuntimeException | Error e) {
      rows.close();
      throw e;
    }
  }

  private void measure(long first, long count, AtomicLong bad) {
    int dim = features.dim();
    try (Arena chunk = Arena.ofConfined()) {
      MemorySegment values = chunk.allocate(ValueLayout.JAVA_FLOAT, count * dim);
      readRaw(first, count, values);
      for (long row = 0; row < count; row++) {
        double squares = 0;
        for (long p = row * dim; p < (row + 1) * dim; p++) {
          double value = values.getAtIndex(ValueLayout.JAVA_FLOAT, p);
          squares += value * value;
        }
        // A sum of squares of floats cannot overflow a double.
        if (!(squares < Double.POSITIVE_INFINITY)) {
          bad.accumulateAndGet(first + row, Math::min);
        }
        // The published code divides by max(norm, 1e-12); so do we, which also keeps the inverse
        // within float32.
        double inverse = squares > 0 ? 1 / Math.max(Math.sqrt(squares), 1e-12) : 0;
        inverseNorms.setAtIndex(ValueLayout.JAVA_FLOAT, first + row, (float) inverse);
      }
    }
  }

  /** The number of rows. */
  public long rows() {
    return features.rows();
  }

  /** The number of channels of a row. */
  public int dim() {
    return features.dim();
  }

  /**
   * Reads rows, divided by their norms if that was asked for.
   *
   * @param target receives {@code count * dim} floats
   * @throws UncheckedIOException if they cannot be read
   */
  public void read(long first, long count, MemorySegment target) {
    readRaw(first, count, target);
    if (!normalize) {
      return;
    }
    long rowBytes = (long) features.dim() * Float.BYTES;
    for (long row = 0; row < count; row++) {
      divide(first + row, target, row * rowBytes);
    }
  }

  /** Divides a row that {@link #readRaw} has read by its norm, in place. */
  public void divide(long row, MemorySegment target, long offset) {
    VectorMath.best().scale(inverseNorm(row), target, offset, features.dim());
  }

  /** What {@link #divide} multiplies a row by. */
  public float inverseNorm(long row) {
    return inverseNorms.getAtIndex(ValueLayout.JAVA_FLOAT, row);
  }

  /**
   * Asks for rows that will be read soon.
   *
   * @throws UncheckedIOException if they cannot be read
   */
  public void prefetch(long first, long count) {
    try {
      features.prefetch(first, count);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads rows as they are. */
  public void readRaw(long first, long count, MemorySegment target) {
    try {
      features.read(first, count, target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
