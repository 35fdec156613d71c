package dev.eigenseg.graph.vector;

import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.graph.exact.TileKernel;
import dev.eigenseg.graph.exact.TileProduct;
import java.lang.foreign.MemorySegment;

/** Tiles by the embedded kernel. Each sum is one chain of fused multiply-adds in order. */
public final class VectorTiles implements TileKernel {
  // 480 x 384 floats are 720 KiB: a packed block of columns fits into the second-level cache
  // (feasibility: 480 to 960 are equal).
  private static final int LARGEST_BLOCK = 480;

  // A multiply-add takes microseconds in the interpreter, well below a nanosecond compiled, and a
  // tile of them would take longer than anybody waits for a prediction.
  private static final double NANOSECONDS_IF_COMPILED = 1;
  private static final long QUIET = 200_000_000;
  private static final long PATIENCE = 5_000_000_000L;

  @Override
  public int blockRows(long rows, int threads) {
    int panels = leastCommonMultiple(Gemm.rowPanel(), Gemm.columnPanel());
    // Small matrices: at least some tiles for every thread.
    long wanted = Math.min(LARGEST_BLOCK, rows / (4L * threads));
    return (int) Math.max(1, wanted / panels) * panels;
  }

  private static int leastCommonMultiple(int a, int b) {
    int multiple = a;
    while (multiple % b != 0) {
      multiple += a;
    }
    return multiple;
  }

  @Override
  public void packColumns(MemorySegment dense, int columns, int dim, MemorySegment target) {
    Gemm.packColumns(dense, 0, columns, dim, target);
  }

  @Override
  public TileProduct open(int blocks, int blockRows, int dim) {
    return new Product(blocks, blockRows, dim);
  }

  /** Keeps rows in arrays, which the kernel reads them from. */
  private static final class Product implements TileProduct {
    private final float[][][] slices;
    private final int blockRows;
    private final int dim;

    Product(int blocks, int blockRows, int dim) {
      int slicesOfBlock = Math.ceilDiv(blockRows, SLICE);
      this.slices = new float[blocks][slicesOfBlock][Gemm.packedRowFloats(SLICE, dim)];
      this.blockRows = blockRows;
      this.dim = dim;
    }

    @Override
    public void take(int block, MemorySegment dense, int rows) {
      for (int first = 0; first < rows; first += SLICE) {
        long offset = (long) first * dim * Float.BYTES;
        int count = Math.min(SLICE, rows - first);
        Gemm.packRows(dense, offset, count, dim, slices[block][first / SLICE]);
      }
    }

    @Override
    public void multiply(
        int block, int slice, int rows, MemorySegment columns, int width, MemorySegment scores) {
      Gemm.multiply(slices[block][slice], rows, columns, width, dim, scores, 0, blockRows);
    }

    /**
     * Multiplies single panels, a thousand times slower before they are compiled, until they are as
     * fast as compiled code must be and get no faster for a while.
     */
    @Override
    public void warmUp(MemorySegment columns, MemorySegment scores) {
      double compiled = NANOSECONDS_IF_COMPILED * Gemm.rowPanel() * Gemm.columnPanel() * dim;
      long start = System.nanoTime();
      long improved = start;
      long best = Long.MAX_VALUE;
      for (long now = start; now - start < PATIENCE; now = System.nanoTime()) {
        multiply(0, 0, Gemm.rowPanel(), columns, Gemm.columnPanel(), scores);
        long time = System.nanoTime() - now;
        if (time < 0.8 * best) {
          best = time;
          improved = now;
        }
        if (best < compiled && now - improved > QUIET) {
          return;
        }
      }
    }

    @Override
    public void close() {}
  }
}
