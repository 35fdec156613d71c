package dev.eigenseg.infer.segment;

import dev.eigenseg.api.internal.file.MappedPieces;
import dev.eigenseg.api.internal.kernel.VectorMath;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.infer.layer.Linear;
import dev.eigenseg.infer.layer.Scratch;
import dev.eigenseg.infer.layer.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Owns packed k-means centroids c and gives {@code -|f - c|^2} as logits of a row f. Thread-safe;
 * works on a tile of rows at a time.
 */
public final class Centroids implements AutoCloseable {
  private static final int TILE = Scratch.TILE;

  private final VectorMath math = VectorMath.best();
  private final Arena arena = Arena.ofShared();
  private final Linear products;
  private final float[] squares;
  private final boolean normalizeRows;

  /**
   * Packs centroids.
   *
   * @param centroids float32 {@code [clusters, dim]}; copied
   * @param normalizeRows whether rows are divided by their L2 norm first; a zero row stays as it is
   */
  public Centroids(Tensor centroids, boolean normalizeRows) {
    this.normalizeRows = normalizeRows;
    try {
      products = new Linear(centroids, arena);
      squares = new float[products.out()];
      long rowBytes = (long) products.in() * Float.BYTES;
      MappedPieces.forEach( // a model's file
          centroids.segment(),
          rowBytes,
          (piece, offset) -> {
            for (long row = 0; row < piece.byteSize() / rowBytes; row++) {
              squares[(int) (offset / rowBytes + row)] = square(piece, row * rowBytes);
            }
          });
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private float square(MemorySegment rows, long offset) {
    return math.dot(rows, offset, rows, offset, products.in());
  }

  /** Fills {@code out}, {@code [rows, clusters]}, from {@code rows}, {@code [rows, dim]}. */
  public void logits(Tensor rows, Tensor out, int threads) {
    int count = Math.toIntExact(rows.size(0));
    Workers.run(
        threads,
        Workers.tiles(count),
        arena -> Scratch.floats(arena, TILE, products.in()),
        (tile, buffer) -> {
          int first = tile * TILE;
          int size = Math.min(TILE, count - first);
          long rowBytes = (long) products.in() * Float.BYTES;
          MemorySegment.copy(rows.segment(), first * rowBytes, buffer, 0, size * rowBytes);
          if (normalizeRows) {
            normalize(buffer, size);
          }
          long target = (long) first * products.out() * Float.BYTES;
          products.apply(math, buffer, 0, size, out.segment(), target);
          distances(buffer, size, out.segment(), target);
        });
  }

  private void normalize(MemorySegment tile, int size) {
    for (int row = 0; row < size; row++) {
      long offset = (long) row * products.in() * Float.BYTES;
      float square = square(tile, offset);
      if (square > 0) {
        math.scale((float) (1 / Math.sqrt(square)), tile, offset, products.in());
      }
    }
  }

  private void distances(MemorySegment tile, int size, MemorySegment out, long target) {
    for (int row = 0; row < size; row++) {
      float square = square(tile, (long) row * products.in() * Float.BYTES);
      for (int k = 0; k < squares.length; k++) {
        long offset = target + ((long) row * squares.length + k) * Float.BYTES;
        float product = out.get(ValueLayout.JAVA_FLOAT, offset);
        out.set(ValueLayout.JAVA_FLOAT, offset, 2 * product - squares[k] - square);
      }
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
