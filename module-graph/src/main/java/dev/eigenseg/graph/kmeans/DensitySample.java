package dev.eigenseg.graph.kmeans;

import dev.eigenseg.api.tensor.FeatureRows;
import dev.eigenseg.graph.KnnGraph;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Owns a choice of rows that evens out how densely they lie: as many as there are, some of them
 * several times and some never, each in proportion to {@code radius^power}. A row's radius is the
 * distance |f/|f| - g/|g|| to its farthest neighbour g in a graph, so that it is large where rows
 * are few. Clusters of these rows lose resolution where many alike are (sky, road) and gain it
 * where the rare classes are. Thread-safe; equal seeds choose the same rows.
 */
public final class DensitySample implements FeatureRows, AutoCloseable {
  private final FeatureRows source;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment chosen;

  private DensitySample(FeatureRows source) {
    this.source = source;
    try {
      this.chosen = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, source.rows()));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Chooses by systematic sampling: a row whose share of the sum is w is chosen {@code floor(N w)}
   * or {@code ceil(N w)} times.
   *
   * @param source borrowed as long as the sample is used
   * @param graph whose similarities say how far a row's neighbours are; it may be of other features
   *     of the same rows; borrowed for this call
   * @param power 0 chooses every row once; larger ones even out more
   * @throws IllegalArgumentException if the graph has other rows or the power is negative
   */
  public static DensitySample of(FeatureRows source, KnnGraph graph, double power, long seed) {
    if (graph.rows() != source.rows()) {
      throw new IllegalArgumentException(
          "a graph of %d rows for %d".formatted(graph.rows(), source.rows()));
    }
    if (!(power >= 0)) {
      throw new IllegalArgumentException("a power of " + power);
    }
    DensitySample sample = new DensitySample(source);
    sample.choose(graph, power, new SplittableRandom(seed).nextDouble());
    return sample;
  }

  private void choose(KnnGraph graph, double power, double start) {
    long rows = source.rows();
    double total = 0;
    for (long row = 0; row < rows; row++) {
      total += weight(graph, row, power);
    }
    double step = total / rows;
    double reached = 0;
    long filled = 0;
    for (long row = 0; row < rows; row++) {
      reached += weight(graph, row, power);
      while (filled < rows && reached > (filled + start) * step) {
        chosen.setAtIndex(ValueLayout.JAVA_LONG, filled++, row);
      }
    }
    while (filled < rows) { // rounding, or all weights 0
      chosen.setAtIndex(ValueLayout.JAVA_LONG, filled, filled);
      filled++;
    }
  }

  private static double weight(KnnGraph graph, long row, double power) {
    double similarity = graph.similarities().get((row + 1) * graph.k() - 1);
    return Math.pow(Math.max(0, 2 - 2 * similarity), power / 2);
  }

  /** The row of the source that stands at a place. */
  long chosen(long place) {
    return chosen.getAtIndex(ValueLayout.JAVA_LONG, place);
  }

  @Override
  public long rows() {
    return source.rows();
  }

  @Override
  public int dim() {
    return source.dim();
  }

  // Chosen rows rise, and are read together where they follow one another.
  @Override
  public void read(long firstRow, long count, MemorySegment target) throws IOException {
    long rowBytes = (long) dim() * Float.BYTES;
    for (long done = 0; done < count; ) {
      long first = chosen(firstRow + done);
      long run = 1;
      while (done + run < count && chosen(firstRow + done + run) == first + run) {
        run++;
      }
      source.read(first, run, target.asSlice(done * rowBytes, run * rowBytes));
      done += run;
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
