package dev.eigenseg.graph.exact;

import dev.eigenseg.api.Progress;
import dev.eigenseg.api.internal.kernel.Gemm;
import dev.eigenseg.api.spi.KnnEngine;
import dev.eigenseg.api.spi.ResumableKnnEngine;
import dev.eigenseg.api.tensor.DType;
import dev.eigenseg.api.tensor.Tensor;
import dev.eigenseg.graph.rows.Candidates;
import dev.eigenseg.graph.rows.PreparedRows;
import dev.eigenseg.graph.rows.RowRange;
import dev.eigenseg.graph.strips.CandidateFile;
import dev.eigenseg.graph.strips.CandidateStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Exact search by tiles. Similarity is the dot product of the rows divided by their norms, summed
 * by a kernel; equal input and an equal kernel give equal bytes at any thread count and memory.
 * Stateless.
 */
public final class ExactSearch {
  // Reading and packing beside the products, and the cost of a candidate, selection included
  // (measured with 14,400 and 60,000 rows of 384 channels and 64 and 256 neighbours on Zen 4: 19
  // and 24 ns).
  private static final double PACKING = 1.1;
  private static final double SECONDS_OF_CANDIDATE = 25e-9;

  private final TileKernel kernel;

  /** A search that multiplies with a kernel. */
  public ExactSearch(TileKernel kernel) {
    this.kernel = kernel;
  }

  /** Predicts the cost; measures the kernel for that. */
  public KnnEngine.Cost predict(KnnEngine.Request request) {
    request.check();
    JoinPlan plan = JoinPlan.of(request, kernel);
    int workers = Math.min(plan.threads(), Runtime.getRuntime().availableProcessors());
    double products = plan.tiles(0) * secondsOfTile(plan.block(), plan.dim()) * PACKING;
    double seconds =
        products + plan.rows() * Candidates.expected(plan.k(), plan.rows()) * SECONDS_OF_CANDIDATE;
    return new KnnEngine.Cost(seconds / workers, plan.bytes());
  }

  /** Times part of a tile once the compiler has caught up. */
  public double secondsOfTile(int block, int dim) {
    try (Arena arena = Arena.ofConfined();
        TileProduct product = kernel.open(1, block, dim)) {
      MemorySegment dense = arena.allocate((long) block * dim * Float.BYTES, 64);
      MemorySegment columns = arena.allocate(Gemm.packedColumnBytes(block, dim), 64);
      MemorySegment scores = arena.allocate((long) TileProduct.SLICE * block * Float.BYTES, 64);
      product.take(0, dense, Math.min(block, TileProduct.SLICE));
      kernel.packColumns(dense, block, dim, columns);
      product.warmUp(columns, scores);
      long best = Long.MAX_VALUE;
      for (int i = 0; i < 20; i++) {
        long start = System.nanoTime();
        product.multiply(0, 0, TileProduct.SLICE, columns, block, scores);
        best = Math.min(best, System.nanoTime() - start);
      }
      return best * 1e-9 * block / TileProduct.SLICE;
    }
  }

  /** Searches all rows; as {@link KnnEngine#search} says. */
  public void search(KnnEngine.Request request, Tensor ids, Tensor similarities, Progress progress)
      throws IOException {
    require(request, ids, similarities);
    search(
        JoinPlan.of(request, kernel), request, new TensorCandidates(ids, similarities), progress);
  }

  /**
   * Searches among the pairs of rows whose first is in a range and whose second is not before the
   * range, and keeps what it finds in a file, which the caller then owns. Goes on where an earlier
   * search for the same was stopped.
   *
   * @throws dev.eigenseg.api.IncompatibleException if the unfinished search there is another
   */
  public CandidateFile search(
      KnnEngine.Request request, RowRange range, ResumableKnnEngine.Place place, Progress progress)
      throws IOException {
    request.check();
    JoinPlan plan = JoinPlan.of(request, range, kernel);
    CandidateFile file = CandidateFile.open(place, plan.grid(), plan.k());
    try {
      if (file.finished() < file.grid().units()) {
        search(plan.continued(file.grid().stripRows(), request.memory()), request, file, progress);
      }
      return file;
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private void search(
      JoinPlan plan, KnnEngine.Request request, CandidateStore store, Progress progress)
      throws IOException {
    try (PreparedRows rows =
            PreparedRows.measure(request.features(), true, request.threads(), progress);
        SelfJoin join = new SelfJoin(plan, kernel, rows, store, progress)) {
      join.run();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Refuses results that are not of a request's shape, and requests that cannot be searched. */
  public static void require(KnnEngine.Request request, Tensor ids, Tensor similarities) {
    request.check();
    requireResult("ids", ids, DType.I32, request);
    requireResult("similarities", similarities, DType.F32, request);
  }

  private static void requireResult(
      String what, Tensor tensor, DType dtype, KnnEngine.Request request) {
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
