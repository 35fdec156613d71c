package dev.eigenseg.graph.ivf;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Centroids packed as columns in somebody else's arena, with half their squared norms. */
final class CentroidPanels {
  /** Rows that are compared at a time. */
  static final int PIECE = 16 * Gemm.rowPanel();

  private final int dim;
  private final MemorySegment columns;
  private final float[] halfNorms;

  /**
   * Copies centroids.
   *
   * @param arena owns the copy
   * @param centroids float32 {@code [n, d]}; borrowed
   */
  CentroidPanels(Arena arena, Tensor centroids) {
    int count = Math.toIntExact(centroids.size(0));
    this.dim = Math.toIntExact(centroids.size(1));
    this.columns = arena.allocate(Gemm.packedColumnBytes(count, dim), 64);
    this.halfNorms = new float[count];
    Gemm.packColumns(centroids.segment(), 0, count, dim, columns);
    for (int i = 0; i < count; i++) {
      float sum = 0;
      for (int c = 0; c < dim; c++) {
        float value = centroids.get((long) i * dim + c);
        sum = Math.fma(value, value, sum);
      }
      halfNorms[i] = sum / 2;
    }
  }

  int count() {
    return halfNorms.length;
  }

  MemorySegment columns() {
    return columns;
  }

  float[] halfNorms() {
    return halfNorms;
  }

  /** The nearest centroid of every row, the lowest of equals. */
  int[] nearest(MemorySegment dense, int rows) {
    int[] nearest = new int[rows];
    long rowBytes = (long) dim * Float.BYTES;
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment panels = memory.allocate(Gemm.packedRowBytes(PIECE, dim), 64);
      MemorySegment scores = memory.allocate((long) PIECE * count() * Float.BYTES, 64);
      for (int first = 0; first < rows; first += PIECE) {
        int part = Math.min(PIECE, rows - first);
        Gemm.packRows(dense, first * rowBytes, part, dim, panels);
        Gemm.multiply(panels, part, columns, count(), dim, scores, 0, count());
        for (int row = 0; row < part; row++) {
          nearest[first + row] = nearest(scores, (long) row * count());
        }
      }
    }
    return nearest;
  }

  private int nearest(MemorySegment scores, long base) {
    int best = 0;
    float bestScore = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < halfNorms.length; i++) {
      float score = scores.getAtIndex(ValueLayout.JAVA_FLOAT, base + i) - halfNorms[i];
      if (score > bestScore) {
        bestScore = score;
        best = i;
      }
    }
    return best;
  }
}
