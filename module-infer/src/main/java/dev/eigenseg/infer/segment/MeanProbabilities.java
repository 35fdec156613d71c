package dev.eigenseg.infer.segment;

import dev.eigenseg.api.internal.kernel.Parallel;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.infer.layer.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The mean over several views of the softmax of their logits. */
final class MeanProbabilities implements PixelLogits {
  private final VectorMath math = VectorMath.best();
  private final List<PixelLogits> views;
  private final float divisor;
  private final int threads;

  /**
   * Merges views.
   *
   * @param views at least one, all of one size; borrowed
   * @param divisor what logits are divided by before the softmax
   */
  MeanProbabilities(List<PixelLogits> views, float divisor, int threads) {
    this.views = List.copyOf(views);
    this.divisor = divisor;
    this.threads = threads;
  }

  @Override
  public int width() {
    return views.getFirst().width();
  }

  @Override
  public int height() {
    return views.getFirst().height();
  }

  @Override
  public int clusters() {
    return views.getFirst().clusters();
  }

  /** Computes probabilities, not logits. */
  @Override
  public void read(int firstRow, int rows, int firstColumn, int columns, MemorySegment target) {
    views.getFirst().read(firstRow, rows, firstColumn, columns, target);
    Parallel.forEach(threads, rows, y -> softmax(target, y * columns, columns));
    try (Arena arena = Arena.ofShared()) {
      MemorySegment other = Scratch.floats(arena, (long) rows * columns, clusters());
      for (PixelLogits view : views.subList(1, views.size())) {
        view.read(firstRow, rows, firstColumn, columns, other);
        Parallel.forEach(
            threads,
            rows,
            y -> {
              softmax(other, y * columns, columns);
              long offset = y * columns * clusters() * Float.BYTES;
              math.axpy(1, other, offset, target, offset, (long) columns * clusters());
            });
      }
    }
  }

  /** The softmax of some pixels, divided by the number of views. */
  private void softmax(MemorySegment logits, long firstPixel, int pixels) {
    int clusters = clusters();
    long pixelBytes = (long) clusters * Float.BYTES;
    math.softmaxRows(divisor, logits, firstPixel * pixelBytes, pixels, clusters);
    math.scale(1f / views.size(), logits, firstPixel * pixelBytes, (long) pixels * clusters);
  }

  /** Numbers whose softmax gives these probabilities again. */
  PixelLogits logarithms() {
    return new Logarithms(this);
  }

  private record Logarithms(MeanProbabilities source) implements PixelLogits {
    @Override
    public int width() {
      return source.width();
    }

    @Override
    public int height() {
      return source.height();
    }

    @Override
    public int clusters() {
      return source.clusters();
    }

    @Override
    public void read(int firstRow, int rows, int firstColumn, int columns, MemorySegment target) {
      source.read(firstRow, rows, firstColumn, columns, target);
      Parallel.forEach(
          source.threads,
          rows,
          y -> {
            long first = y * columns * clusters();
            for (long i = first; i < first + (long) columns * clusters(); i++) {
              float value = target.getAtIndex(ValueLayout.JAVA_FLOAT, i);
              // A probability that is rounded to 0 is still one: its logarithm is finite.
              float logarithm = (float) StrictMath.log(Math.max(value, Float.MIN_NORMAL));
              target.setAtIndex(ValueLayout.JAVA_FLOAT, i, logarithm);
            }
          });
    }
  }
}
