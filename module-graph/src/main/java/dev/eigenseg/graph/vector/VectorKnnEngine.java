package dev.eigenseg.graph.vector;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.spi.Availability;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The embedded exact engine. Similarity is the dot product of the rows divided by their norms, one
 * float32 chain of fused multiply-adds over the channels in order: equal input gives equal bytes at
 * any thread count, memory and vector length. Stateless.
 */
public final class VectorKnnEngine implements KnnEngine {
  // Share of the time beside the products: reading, packing, scanning, selecting (measured at 384
  // channels, k = 64).
  private static final double OVERHEAD = 1.35;

  /** For the service loader. */
  public VectorKnnEngine() {}

  @Override
  public String name() {
    return "vector";
  }

  @Override
  public int priority() {
    return 10;
  }

  @Override
  public Availability availability() {
    return Availability.YES;
  }

  @Override
  public Cost predict(Request request) {
    require(request);
    JoinPlan plan = JoinPlan.of(request);
    int workers = Math.min(plan.threads(), Runtime.getRuntime().availableProcessors());
    double seconds = plan.tiles() * secondsOfTile(plan.block(), plan.dim()) * OVERHEAD / workers;
    return new Cost(seconds, plan.bytes());
  }

  /**
   * Multiplies tiles until the compiler has caught up (it takes most of a second), and returns the
   * best time of the last.
   */
  private static double secondsOfTile(int block, int dim) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate(Gemm.packedRowBytes(block, dim), 64);
      MemorySegment columns = arena.allocate(Gemm.packedColumnBytes(block, dim), 64);
      MemorySegment scores = arena.allocate((long) block * block * Float.BYTES, 64);
      double best = Double.POSITIVE_INFINITY;
      long begin = System.nanoTime();
      long now = begin;
      while (now - begin < 600_000_000L) {
        Gemm.multiply(rows, block, columns, block, dim, scores, 0, block);
        long after = System.nanoTime();
        best = Math.min(best, (after - now) * 1e-9);
        now = after;
      }
      return best;
    }
  }

  @Override
  public void search(Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException {
    require(request);
    requireResult("ids", ids, DType.I32, request);
    requireResult("similarities", similarities, DType.F32, request);
    JoinPlan plan = JoinPlan.of(request);
    try (PreparedRows rows =
            PreparedRows.measure(request.features(), true, request.threads(), progress);
        SelfJoin join = new SelfJoin(plan, rows, progress)) {
      join.run(ids, similarities);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void require(Request request) {
    long rows = request.features().rows();
    if (request.k() < 1 || request.k() >= rows || rows > 1L << 32) {
      throw new IllegalArgumentException(
          "k must be at least 1 and less than the number of rows (at most 2^32): k = %d, %d rows"
              .formatted(request.k(), rows));
    }
    if (request.threads() < 1) {
      throw new IllegalArgumentException("at least one thread, not " + request.threads());
    }
  }

  private static void requireResult(String what, Tensor tensor, DType dtype, Request request) {
    if (tensor.dtype() != dtype
        || tensor.rank() != 2
        || tensor.size(0) != request.features().rows()
        || tensor.size(1) != request.k()) {
      throw new IllegalArgumentException(
          "%s must be %s [%d, %d], found %s"
              .formatted(what, dtype, request.features().rows(), request.k(), tensor));
    }
  }
}
