package dev.eigenseg.graph.vector;

import dev.eigenseg.api.BadInputException;
import dev.eigenseg.api.Progress;
import dev.eigenseg.api.bank.FeatureRows;
import dev.eigenseg.api.internal.kernel.Parallel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Owns the inverse norms of a matrix's rows and reads its rows divided by their norms; zero rows
 * stay zero. Thread-safe.
 */
final class NormalizedRows implements AutoCloseable {
  private static final long CHUNK = 512;

  private final FeatureRows features;
  private final Arena arena;
  private final MemorySegment inverseNorms;

  @SuppressWarnings("MustBeClosedChecker")
  private NormalizedRows(FeatureRows features) {
    this.features = features;
    this.arena = Arena.ofShared();
    this.inverseNorms = arena.allocate(ValueLayout.JAVA_FLOAT, features.rows());
  }

  /**
   * Measures all rows.
   *
   * @throws BadInputException if a row holds a value that is not finite; the message names the
   *     first
   */
  static NormalizedRows measure(FeatureRows features, int threads, Progress progress) {
    NormalizedRows rows = new NormalizedRows(features);
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

  /** Reads rows and divides them by their norms. */
  void read(long first, int count, MemorySegment target) {
    readRaw(first, count, target);
    int dim = features.dim();
    for (long row = 0; row < count; row++) {
      float inverse = inverseNorms.getAtIndex(ValueLayout.JAVA_FLOAT, first + row);
      for (long p = row * dim; p < (row + 1) * dim; p++) {
        float value = target.getAtIndex(ValueLayout.JAVA_FLOAT, p);
        target.setAtIndex(ValueLayout.JAVA_FLOAT, p, value * inverse);
      }
    }
  }

  private void readRaw(long first, long count, MemorySegment target) {
    try {
      features.read(first, count, target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
